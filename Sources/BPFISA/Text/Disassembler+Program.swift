extension Disassembler {
  /// A program as assembler text with labels, which assembles to the same slots in the lossless dialect.
  ///
  /// A subprogram begins with its name as a label; other branch targets are labelled `L` and their slot. Source
  /// lines and the names of maps are comments.
  ///
  /// - Complexity: O(*n* log *n*), *n* the number of slots.
  public func text(of program: Program, includingSource: Bool = false) -> String {
    var labels: Set<String> = []
    return text(of: program, includingSource: includingSource, avoiding: &labels)
  }

  /// As ``text(of:includingSource:)``, for one of several programs in one text: no label is one of `used`, to which
  /// this program's are added.
  ///
  /// - Complexity: O(*n* log *n*), *n* the number of slots, if few labels are used twice.
  public func text(
    of program: Program, includingSource: Bool = false, avoiding used: inout Set<String>
  ) -> String {
    let slots = program.slots
    let labels = Labels(program, avoiding: &used)
    var output = ""
    var nextLine = 0
    var shownLine: LineInfo?
    var index = 0
    while index < slots.count {
      if let name = labels.name(at: index) {
        output += (labels.isSubprogram(at: index) && index > 0 ? "\n" : "") + "\(name):\n"
      }
      while nextLine < program.lines.count, program.lines[nextLine].slot <= index {
        let line = program.lines[nextLine]
        nextLine += 1
        let isShown = shownLine.map { $0.line == line.line && $0.file == line.file } ?? false
        if includingSource, !isShown, !line.text.isEmpty {
          output += "  ; \(line.text.filter { !$0.isNewline })\n"
        }
        shownLine = line
      }
      guard let instruction = try? Instruction(decoding: slots, at: index) else {
        preconditionFailure("the slots of a Program decode")
      }
      let target = instruction.target(at: index).flatMap(labels.name(at:))
      output += "  " + text(of: instruction, target: target)
      if let comment = mapName(of: instruction, in: program) {
        output += " // " + comment
      }
      output += "\n"
      index += instruction.slotCount
    }
    if let name = labels.name(at: index) {
      output += "\(name):\n"
    }
    return output
  }

  private func mapName(of instruction: Instruction, in program: Program) -> String? {
    switch instruction {
    case .loadWide(_, .mapIndex(let index)), .loadWide(_, .mapIndexValue(let index, offset: _)):
      guard let index = Int(exactly: index), program.mapNames.indices.contains(index) else {
        return nil
      }
      return program.mapNames[index].filter { !$0.isNewline }
    case .loadWide(_, .value), .loadWide(_, .map), .loadWide(_, .mapValue),
      .loadWide(_, .variable), .loadWide(_, .function):
      return nil
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadPacket, .jump, .jumpLong, .jumpIndirect, .jumpIf,
      .mayGoto, .call, .exit:
      return nil
    }
  }

  /// The labels of a program: its subprograms, and every slot that an instruction names and another begins at.
  private struct Labels {
    private var names: [Int: String] = [:]
    private var subprograms: Set<Int> = []

    init(_ program: Program, avoiding used: inout Set<String>) {
      var starts: Set<Int> = [program.slots.count]
      var targets: Set<Int> = []
      var index = 0
      while index < program.slots.count {
        starts.insert(index)
        guard let instruction = try? Instruction(decoding: program.slots, at: index) else {
          preconditionFailure("the slots of a Program decode")
        }
        if let target = instruction.target(at: index) {
          targets.insert(target)
        }
        index += instruction.slotCount
      }
      for subprogram in program.subprograms where starts.contains(subprogram.start) {
        let isNew =
          AssemblyLexer.isLabel(subprogram.name) && used.insert(subprogram.name).inserted
        names[subprogram.start] = isNew ? subprogram.name : nil
        subprograms.insert(subprogram.start)
      }
      for target in targets.union(subprograms).intersection(starts) where names[target] == nil {
        var name = "L\(target)"
        var ordinal = 2
        while !used.insert(name).inserted {
          name = "L\(target)_\(ordinal)"
          ordinal += 1
        }
        names[target] = name
      }
    }

    func name(at slot: Int) -> String? { names[slot] }
    func isSubprogram(at slot: Int) -> Bool { subprograms.contains(slot) }
  }
}
