extension BTF {
  /// The table with the places of variables taken from the symbols of the file.
  ///
  /// A compiler knows neither where in its section a variable will lie nor how large the section will be: it
  /// leaves both to relocations, or, before LLVM 13, to the loader.
  ///
  /// - Complexity: O(size of the types + symbols).
  func placingVariables(_ file: ELFFile) -> BTF {
    var sections: [String: ELF.Section] = [:]
    for section in file.sections where section.isAllocated && !section.isExecutable {
      if sections[section.name] == nil { sections[section.name] = section }
    }
    var places: [Int: [String: UInt64]] = [:]
    for symbol in file.symbols where symbol.kind != .section {
      if case .section(let index) = symbol.place, !file.sections[index].isExecutable {
        places[index, default: [:]][symbol.name] = symbol.value
      }
    }
    var result = self
    for (id, type) in types.enumerated() {
      guard case .dataSection(_, let variables) = type.kind,
        let name = shortString(at: type.nameOffset), let section = sections[name]
      else { continue }
      let known = places[section.index] ?? [:]
      result.setSection(
        TypeID(id), size: section.size,
        variables: variables.map { variable in
          let place = shortString(at: types[Int(variable.type)].nameOffset).flatMap { known[$0] }
          return BTFType.SectionVariable(
            type: variable.type, offset: place.flatMap { UInt32(exactly: $0) } ?? variable.offset,
            size: variable.size)
        })
    }
    return result
  }

  /// The string at an offset, where it is short enough to be a name.
  func shortString(at offset: UInt32) -> String? {
    guard offset < strings.count else { return nil }
    do {
      let window = try strings.slice(
        at: Int(offset), size: min(Self.nameLimit, strings.count - Int(offset)))
      guard let length = try window.stringLength(at: 0) else { return nil }
      return String(decoding: try window.bytes(at: 0, size: length), as: UTF8.self)
    } catch {
      return nil
    }
  }
}
