import BPFPlatform

extension ObjectFile {
  /// Describes every function of the object.
  ///
  /// - Complexity: O(*n* log *n*), *n* the size of the file.
  static func programs(
    _ file: ELFFile, _ functions: FunctionTable, _ names: [Int: SectionName]
  ) -> [ObjectProgram] {
    let hasProgramSections = functions.functions.contains {
      file.sections[$0.section].name != ".text"
    }
    let called = calledFunctions(file, functions)
    return functions.functions.enumerated().map { index, function in
      let section = file.sections[function.section]
      let name = names[function.section]
      return ObjectProgram(
        name: function.name, sectionName: section.name, type: name?.type,
        attachType: name?.attachType, target: name?.target,
        isOptional: section.name.hasPrefix("?"), isStatic: function.isStatic,
        isSubprogram: section.name == ".text"
          ? hasProgramSections : function.isStatic && called.contains(index),
        offset: function.offset, slotCount: function.size / 8, function: index)
    }
  }

  /// The functions that a relocation or a call within a section refers to.
  private static func calledFunctions(_ file: ELFFile, _ functions: FunctionTable) -> Set<Int> {
    var called: Set<Int> = []
    for section in file.sections where section.isExecutable && section.size > 0 {
      let reader = file.reader(section)
      var relocations = file.relocations[section.index][...]
      var offset = 0
      while offset < section.size {
        do {
          let bits = try reader.uint64(at: offset)
          let opcode = UInt8(truncatingIfNeeded: bits)
          let isWide = opcode == 0x18
          let immediate = Int64(Int32(truncatingIfNeeded: bits >> 32))
          while let first = relocations.first, first.offset < offset { relocations.removeFirst() }
          if let relocation = relocations.first, relocation.offset == offset {
            let symbol = file.symbols[relocation.symbol]
            if case .section(let target) = symbol.place {
              let addend = relocation.addend ?? (isWide ? immediate : 8 * (immediate + 1))
              let place = Int64(truncatingIfNeeded: symbol.value) &+ addend
              if let index = functions.index(section: target, offset: Int(place)) {
                called.insert(index)
              }
            }
          } else if (opcode == 0x85 && bits >> 12 & 0xf == 1)
            || (isWide && bits >> 12 & 0xf == 4)
          {
            let place = Int64(offset) + 8 * (immediate + 1)
            if let index = functions.index(section: section.index, offset: Int(place)) {
              called.insert(index)
            }
          }
          offset += isWide ? 16 : 8
        } catch {
          // The rest is no whole instruction; linking a function there says so.
          break
        }
      }
    }
    return called
  }
}
