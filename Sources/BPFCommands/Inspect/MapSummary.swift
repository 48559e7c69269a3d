import BPFObject
import BPFPlatform

/// A map that an object declares.
struct MapSummary {
  let spec: MapSpec
  /// The names of the key's and the value's type, where the object says.
  let keyType: String?
  let valueType: String?

  init(_ spec: MapSpec, of object: ObjectFile) {
    self.spec = spec
    let btf = object.btf
    keyType = spec.keyTypeID.flatMap { id in btf.map { CTypeName.name(of: id, in: $0) } }
    valueType = spec.valueTypeID.flatMap { id in btf.map { CTypeName.name(of: id, in: $0) } }
  }

  var tree: TextTree {
    var text = "\(spec.name.escapedForDisplay): \(spec.kind.name)"
    if spec.keySize > 0 { text += ", key \(Self.size(spec.keySize, keyType))" }
    if spec.valueSize > 0 { text += ", value \(Self.size(spec.valueSize, valueType))" }
    text += ", \(counted(spec.maxEntries, "entry", plural: "entries"))"
    if spec.flags.rawValue != 0 { text += ", flags 0x\(String(spec.flags.rawValue, radix: 16))" }
    if spec.isFrozen { text += ", frozen" }
    if spec.pinning != 0 { text += ", pinning \(spec.pinning)" }
    var children: [TextTree] = []
    if let inner = spec.inner?.value {
      var tree = MapSummary(inner).tree
      tree.label = "inner " + tree.label
      children.append(tree)
    }
    for entry in spec.contents {
      switch entry.value {
      case .bytes: continue
      case .program(let name), .map(let name):
        let key = ValueType.number(entry.key[...], isSigned: false)
        children.append(TextTree("[\(key)] = \(name.escapedForDisplay)"))
      }
    }
    return TextTree(text, children)
  }

  private init(_ spec: MapSpec) {
    self.spec = spec
    keyType = nil
    valueType = nil
  }

  private static func size(_ size: Int, _ type: String?) -> String {
    type.map { "\($0) (\(size.grouped))" } ?? "\(size.grouped)"
  }

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", spec.name)
      writer.member("kind", spec.kind.name)
      writer.member("key_size", spec.keySize)
      writer.member("value_size", spec.valueSize)
      writer.member("max_entries", spec.maxEntries)
      writer.member("flags", spec.flags.rawValue)
      writer.member("key_type", keyType.map(JSONValue.string) ?? .null)
      writer.member("value_type", valueType.map(JSONValue.string) ?? .null)
      writer.member("frozen", spec.isFrozen)
      writer.member("pinning", spec.pinning)
      if let inner = spec.inner?.value {
        writer.member("inner") { MapSummary(inner).write(to: &$0) }
      }
      writer.member("entries", spec.contents.count)
    }
  }
}
