/// Checks the references between types and computes what follows from them, without recursion: a file can chain
/// as many types as it has bytes.
struct TypeChecker {
  let types: [BTFType]
  /// Where each type begins in the section, for errors.
  let offsets: [Int]
  let section: String

  private func failure(_ id: BTF.TypeID, _ defect: BTFDefect) -> ObjectError {
    .btf(section: section, offset: offsets[Int(id)], defect)
  }

  /// - Complexity: O(size of the section).
  func check() throws(ObjectError) -> [BTF.Layout] {
    for id in types.indices { try checkReferences(BTF.TypeID(id)) }
    var layouts: [BTF.Layout?] = Array(repeating: nil, count: types.count)
    // Types whose parts are being computed, with how many parts are done.
    var open: [(id: BTF.TypeID, next: Int)] = []
    var isOpen = Array(repeating: false, count: types.count)
    for root in types.indices where layouts[root] == nil {
      open.append((BTF.TypeID(root), 0))
      isOpen[root] = true
      while let (id, next) = open.last {
        if let part = part(of: id, next) {
          open[open.count - 1].next += 1
          if layouts[Int(part)] != nil { continue }
          guard !isOpen[Int(part)] else { throw failure(part, .cyclic(type: part)) }
          isOpen[Int(part)] = true
          open.append((part, 0))
        } else {
          let layout = try layout(of: id) { layouts[Int($0)] }
          guard layout.depth <= BTF.nestingLimit else {
            throw failure(id, .nestedTooDeeply(type: id, limit: BTF.nestingLimit))
          }
          layouts[Int(id)] = layout
          isOpen[Int(id)] = false
          open.removeLast()
        }
      }
    }
    return layouts.compactMap { $0 }
  }

  /// The `index`-th type that lies in this one by value.
  private func part(of id: BTF.TypeID, _ index: Int) -> BTF.TypeID? {
    switch types[Int(id)].kind {
    case .typedef(let type), .volatile(let type), .const(let type), .restrict(let type),
      .typeTag(let type), .array(let type, _, _), .variable(let type, _):
      index == 0 ? type : nil
    case .structure(let composite), .union(let composite):
      index < composite.members.count ? composite.members[index].type : nil
    case .dataSection(_, let variables):
      index < variables.count ? variables[index].type : nil
    case .void, .integer, .pointer, .enumeration, .forward, .function, .functionPrototype, .float,
      .declarationTag:
      nil
    }
  }

  /// The references of a type, by value or not, each of which must be to a type of the table.
  private func checkReferences(_ id: BTF.TypeID) throws(ObjectError) {
    switch types[Int(id)].kind {
    case .typedef(let type), .volatile(let type), .const(let type), .restrict(let type),
      .typeTag(let type), .pointer(let type), .function(let type, _), .variable(let type, _),
      .declarationTag(let type, _):
      try check(id, type)
    case .array(let element, let index, _):
      try check(id, element)
      try check(id, index)
    case .structure(let composite), .union(let composite):
      for member in composite.members { try check(id, member.type) }
    case .dataSection(_, let variables):
      for variable in variables {
        try check(id, variable.type)
        switch types[Int(variable.type)].kind {
        case .variable, .function: continue
        case .void, .integer, .pointer, .array, .structure, .union, .enumeration, .forward,
          .typedef, .volatile, .const, .restrict, .functionPrototype, .dataSection, .float,
          .declarationTag, .typeTag:
          throw failure(id, .wrongKind(type: id, reference: variable.type))
        }
      }
    case .functionPrototype(let result, let parameters):
      try check(id, result)
      for parameter in parameters { try check(id, parameter.type) }
    case .void, .integer, .enumeration, .forward, .float:
      break
    }
  }

  private func check(_ id: BTF.TypeID, _ reference: BTF.TypeID) throws(ObjectError) {
    guard reference < types.count else {
      throw failure(id, .noSuchType(type: id, reference: reference, count: types.count))
    }
  }

  private func layout(
    of id: BTF.TypeID, _ known: (BTF.TypeID) -> BTF.Layout?
  ) throws(ObjectError) -> BTF.Layout {
    /// What is known of a part, which was computed before.
    func layoutOfPart(_ part: BTF.TypeID) -> BTF.Layout {
      guard let layout = known(part) else {
        preconditionFailure("the parts of a type are computed before it")
      }
      return layout
    }
    func sized(_ size: Int?) -> BTF.Layout {
      BTF.Layout(resolved: id, size: size, values: 1, depth: 0)
    }
    switch types[Int(id)].kind {
    case .void, .forward, .function, .functionPrototype, .declarationTag: return sized(nil)
    case .integer(let integer): return sized(Int(integer.size))
    case .enumeration(let enumeration):
      var layout = sized(Int(enumeration.size))
      layout.values = 1 + enumeration.enumerators.count / 16
      return layout
    case .float(let size): return sized(Int(size))
    case .pointer: return sized(8)
    case .typedef(let type), .volatile(let type), .const(let type), .restrict(let type),
      .typeTag(let type), .variable(let type, _):
      // A chain of names is no nesting: what uses a type goes straight to what is behind it.
      return layoutOfPart(type)
    case .array(let element, _, let count):
      let part = layoutOfPart(element)
      let (values, isUncountable) = part.values.multipliedReportingOverflow(by: Int(count))
      var size: Int?
      if let elementSize = part.size {
        let (product, overflow) = elementSize.multipliedReportingOverflow(by: Int(count))
        guard !overflow, product <= Int(UInt32.max) else { throw failure(id, .tooLarge(type: id)) }
        size = product
      }
      return BTF.Layout(
        resolved: id, size: size, values: isUncountable || values == .max ? .max : values + 1,
        depth: part.depth + 1)
    case .structure(let composite), .union(let composite):
      var layout = BTF.Layout(resolved: id, size: Int(composite.size), values: 1, depth: 0)
      for (index, member) in composite.members.enumerated() {
        let part = layoutOfPart(member.type)
        layout.add(part)
        let width = member.bitWidth.map(Int.init) ?? (part.size ?? 0) * 8
        guard Int(member.bitOffset) + width <= Int(composite.size) * 8 else {
          throw failure(
            id,
            .memberOutsideType(
              type: id, member: index, bitOffset: member.bitOffset, size: composite.size))
        }
      }
      return layout
    case .dataSection(let size, let variables):
      var layout = BTF.Layout(resolved: id, size: Int(size), values: 1, depth: 0)
      for variable in variables { layout.add(layoutOfPart(variable.type)) }
      return layout
    }
  }
}

extension BTF.Layout {
  /// Counts a part in.
  fileprivate mutating func add(_ part: BTF.Layout) {
    let (sum, overflow) = values.addingReportingOverflow(part.values)
    values = overflow ? .max : sum
    depth = max(depth, part.depth + 1)
  }
}
