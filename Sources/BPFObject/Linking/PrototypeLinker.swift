import BPFISA

/// Finds what an object's global functions are declared as.
struct PrototypeLinker {
  private let object: ObjectFile
  /// What declaration tags say of functions' parameters; looked up once, when the first is asked for.
  private lazy var tags: [Component: FunctionPrototype.Tags] = Self.tags(of: object)

  /// A parameter of a function.
  private struct Component: Hashable {
    let function: BTF.TypeID
    let index: UInt32
  }

  init(_ object: ObjectFile) { self.object = object }

  /// The declaration of a function, if it is a global one: by the object's types, as the kernel sees it.
  ///
  /// - Complexity: O(log *n*), *n* the functions of the section; the first time O(types).
  mutating func prototype(of function: Function) -> FunctionPrototype? {
    let section = object.sections[function.section].name
    guard !function.isHidden, let btf = object.btf,
      let record = (object.info.functions[section] ?? []).slice(
        from: function.offset, to: function.offset + 1, key: { $0.offset }
      ).first,
      case .function(let prototype, .global)? = btf.type(record.type)?.kind,
      case .functionPrototype(let result, let parameters)? = btf.type(prototype)?.kind
    else { return nil }
    return FunctionPrototype(
      parameters: parameters.enumerated().map { index, parameter in
        let component = Component(
          function: record.type, index: UInt32(truncatingIfNeeded: index))
        return FunctionPrototype.Parameter(
          Self.kind(of: parameter.type, btf), tags: tags[component] ?? [])
      }, result: Self.result(result, btf))
  }

  private static func tags(of object: ObjectFile) -> [Component: FunctionPrototype.Tags] {
    var tags: [Component: FunctionPrototype.Tags] = [:]
    guard let btf = object.btf else { return tags }
    let prefix = "arg:"
    for type in btf.types {
      guard case .declarationTag(let function, let index?) = type.kind else { continue }
      guard let name = btf.shortString(at: type.nameOffset), name.hasPrefix(prefix) else {
        continue
      }
      tags[Component(function: function, index: index), default: []]
        .insert(FunctionPrototype.Tags(name: String(name.dropFirst(prefix.count))))
    }
    return tags
  }

  private static func result(_ id: BTF.TypeID, _ btf: BTF) -> FunctionPrototype.Result {
    switch btf.type(btf.resolve(id))?.kind {
    case .void, nil: .nothing
    case .integer, .enumeration: .number
    case .pointer, .array, .structure, .union, .forward, .typedef, .volatile, .const, .restrict,
      .function, .functionPrototype, .variable, .dataSection, .float, .declarationTag, .typeTag:
      .other
    }
  }

  private static func kind(
    of id: BTF.TypeID, _ btf: BTF
  ) -> FunctionPrototype.Parameter.Kind {
    switch btf.type(btf.resolve(id))?.kind {
    case .integer, .enumeration: .number
    case .pointer(let target): .pointer(pointee(target, btf))
    case .void, .array, .structure, .union, .forward, .typedef, .volatile, .const, .restrict,
      .function, .functionPrototype, .variable, .dataSection, .float, .declarationTag, .typeTag,
      nil:
      .other
    }
  }

  private static func pointee(_ id: BTF.TypeID, _ btf: BTF) -> FunctionPrototype.Pointee {
    let target = btf.resolve(id)
    let size = btf.size(of: target)
    switch btf.type(target)?.kind {
    case .void, nil: return FunctionPrototype.Pointee(.void, size: nil)
    case .integer, .enumeration: return FunctionPrototype.Pointee(.number, size: size)
    case .structure, .union, .forward:
      let name = btf.shortString(at: btf.types[Int(target)].nameOffset) ?? ""
      return FunctionPrototype.Pointee(.structure(name), size: size)
    case .pointer, .array, .typedef, .volatile, .const, .restrict, .function, .functionPrototype,
      .variable, .dataSection, .float, .declarationTag, .typeTag:
      return FunctionPrototype.Pointee(.other, size: size)
    }
  }
}
