import BPFObject

/// Types as C writes them.
enum CTypeName {
  /// The name of a type, as `struct key`, `__u32`, `char[16]` or `struct task *`.
  static func name(of id: BTF.TypeID, in btf: BTF, depth: Int = 0) -> String {
    guard depth < 16, let type = btf.type(id) else { return "?" }
    let name = btf.string(at: type.nameOffset).escapedForDisplay
    func inner(_ id: BTF.TypeID) -> String { Self.name(of: id, in: btf, depth: depth + 1) }
    switch type.kind {
    case .void: return "void"
    case .integer, .typedef, .float, .variable, .dataSection, .function: return name
    case .structure: return name.isEmpty ? "struct" : "struct \(name)"
    case .union: return name.isEmpty ? "union" : "union \(name)"
    case .enumeration: return name.isEmpty ? "enum" : "enum \(name)"
    case .forward(let isUnion): return "\(isUnion ? "union" : "struct") \(name)"
    case .pointer(let target): return "\(inner(target)) *"
    case .array(let element, _, let count): return "\(inner(element))[\(count)]"
    case .const(let target): return "const \(inner(target))"
    case .volatile(let target): return "volatile \(inner(target))"
    case .restrict(let target), .typeTag(let target), .declarationTag(let target, _):
      return inner(target)
    case .functionPrototype(let result, _): return "\(inner(result)) (…)"
    }
  }
}
