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

  /// The type's declaration in C, as `struct key { __u32 address; __u16 port; }`; what is long or deep ends in `…`.
  ///
  /// Named types within it appear by name, those without are written out.
  ///
  /// - Complexity: bounded by a constant.
  public func declaration(of id: TypeID) -> String {
    var printer = DeclarationPrinter(btf: self)
    return printer.definition(id)
  }
}

/// Writes types as C does: around the name of what has the type.
private struct DeclarationPrinter {
  let btf: BTF
  /// How many more types are written; types may refer to each other in circles.
  private var budget = 400

  private static let depthLimit = 12

  init(btf: BTF) { self.btf = btf }

  /// The type itself, written out where it has a body.
  mutating func definition(_ id: BTF.TypeID) -> String {
    guard let type = btf.type(id) else { return "?" }
    switch type.kind {
    case .structure(let composite):
      return btf.named("struct", type) + " " + body(composite, depth: 0)
    case .union(let composite):
      return btf.named("union", type) + " " + body(composite, depth: 0)
    case .enumeration(let enumeration):
      return btf.named("enum", type) + " " + body(enumeration)
    case .typedef(let target):
      return "typedef " + declare(target, btf.shownName(type), depth: 0)
    case .variable(let target, _):
      return declare(target, btf.shownName(type), depth: 0)
    case .function(let prototype, _):
      return declare(prototype, btf.shownName(type), depth: 0)
    case .void, .integer, .pointer, .array, .forward, .volatile, .const, .restrict,
      .functionPrototype, .dataSection, .float, .declarationTag, .typeTag:
      return declare(id, "", depth: 0)
    }
  }

  /// A declaration of `name` with a type.
  private mutating func declare(_ id: BTF.TypeID, _ name: String, depth: Int) -> String {
    budget -= 1
    guard budget > 0, depth < Self.depthLimit, let type = btf.type(id) else { return "… \(name)" }
    let spaced = name.isEmpty ? "" : " " + name
    switch type.kind {
    case .void: return "void" + spaced
    case .integer, .typedef, .float, .dataSection: return btf.shownName(type) + spaced
    case .forward(let isUnion): return btf.named(isUnion ? "union" : "struct", type) + spaced
    case .structure(let composite):
      return type.nameOffset == 0
        ? "struct " + body(composite, depth: depth + 1) + spaced
        : btf.named("struct", type) + spaced
    case .union(let composite):
      return type.nameOffset == 0
        ? "union " + body(composite, depth: depth + 1) + spaced
        : btf.named("union", type) + spaced
    case .enumeration(let enumeration):
      return type.nameOffset == 0
        ? "enum " + body(enumeration) + spaced : btf.named("enum", type) + spaced
    case .pointer(let target):
      return declare(target, needsParentheses(target) ? "(*\(name))" : "*" + name, depth: depth + 1)
    case .array(let element, _, let count):
      return declare(element, "\(name)[\(count)]", depth: depth + 1)
    case .const(let target): return qualify("const", target, name, depth)
    case .volatile(let target): return qualify("volatile", target, name, depth)
    case .restrict(let target): return qualify("restrict", target, name, depth)
    case .typeTag(let target), .declarationTag(let target, _), .variable(let target, _),
      .function(let target, _):
      return declare(target, name, depth: depth + 1)
    case .functionPrototype(let result, let parameters):
      var list: [String] = []
      for parameter in parameters.prefix(16) {
        let name = btf.shortString(at: parameter.nameOffset) ?? ""
        list.append(parameter.type == 0 ? "..." : declare(parameter.type, name, depth: depth + 1))
      }
      let shown = list.isEmpty ? "void" : list.joined(separator: ", ")
      return declare(result, "\(name)(\(shown))", depth: depth + 1)
    }
  }

  /// A qualifier of a pointer stands behind the star, any other before the type.
  private mutating func qualify(
    _ word: String, _ target: BTF.TypeID, _ name: String, _ depth: Int
  ) -> String {
    if case .pointer = btf.type(target)?.kind {
      return declare(target, name.isEmpty ? word : "\(word) \(name)", depth: depth + 1)
    }
    return "\(word) " + declare(target, name, depth: depth + 1)
  }

  private func needsParentheses(_ id: BTF.TypeID) -> Bool {
    switch btf.type(id)?.kind {
    case .array, .functionPrototype: true
    case .void, .integer, .pointer, .structure, .union, .enumeration, .forward, .typedef,
      .volatile, .const, .restrict, .function, .variable, .dataSection, .float, .declarationTag,
      .typeTag, nil:
      false
    }
  }

  private mutating func body(_ composite: BTFType.Composite, depth: Int) -> String {
    var text = "{ "
    for member in composite.members {
      guard budget > 0 else {
        text += "… "
        break
      }
      text += declare(member.type, btf.shortString(at: member.nameOffset) ?? "", depth: depth)
      if let width = member.bitWidth { text += " : \(width)" }
      text += "; "
    }
    return text + "}"
  }

  private func body(_ enumeration: BTFType.Enumeration) -> String {
    let shown = enumeration.enumerators.prefix(32).map { enumerator in
      let value =
        enumeration.isSigned
        ? "\(enumerator.value)" : "\(UInt64(bitPattern: enumerator.value))"
      return "\(btf.shortString(at: enumerator.nameOffset) ?? "…") = \(value)"
    }
    let rest = enumeration.enumerators.count > 32 ? ", …" : ""
    return "{ " + shown.joined(separator: ", ") + rest + " }"
  }
}

extension BTF {
  fileprivate func shownName(_ type: BTFType) -> String {
    shortString(at: type.nameOffset) ?? "…"
  }

  /// A keyword and, where there is one, the type's name.
  fileprivate func named(_ keyword: String, _ type: BTFType) -> String {
    let name = shownName(type)
    return name.isEmpty ? keyword : keyword + " " + name
  }
}
