extension BTF {
  /// The type's name with its kind, as C refers to it: `struct key`, `unsigned int`.
  public func declaredName(of id: TypeID) -> String {
    guard let type = type(id) else { return "?" }
    let name = shortString(at: type.nameOffset) ?? ""
    let shown = name.isEmpty ? "(anonymous)" : name
    return switch type.kind {
    case .void: "void"
    case .structure: "struct \(shown)"
    case .union: "union \(shown)"
    case .enumeration: "enum \(shown)"
    case .forward(let isUnion): "\(isUnion ? "union" : "struct") \(shown)"
    case .integer, .typedef, .float, .function, .variable, .dataSection, .pointer, .array,
      .volatile, .const, .restrict, .functionPrototype, .declarationTag, .typeTag:
      shown
    }
  }
}
