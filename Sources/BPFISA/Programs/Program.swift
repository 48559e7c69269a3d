/// A linked program: instructions, and what is known of where they came from. A value, free of host state.
///
/// Positions are slot indices: 8-byte units from the start of the program, so that a 16-byte load immediate
/// takes two. Whether branches land inside the program is for the verifier and the checked interpreter to say.
public struct Program: Hashable, Sendable {
  public let name: String
  /// The program's slots; each begins a decodable instruction or is the second half of one.
  public let slots: [RawInstruction]
  /// The functions of the program, by rising start; the first is the entry and starts at 0.
  public let subprograms: [Subprogram]
  /// Source lines, by rising slot.
  public let lines: [LineInfo]
  /// The maps that ``WideImmediate/mapIndex(_:)`` counts.
  public let mapNames: [String]
  /// The tables that indirect jumps (`gotox`) take their targets from.
  public let jumpTables: [JumpTable]

  /// Checks that `slots` decodes and that the tables are in order.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``DecodingError`` for the first slot that is no instruction.
  public init(
    name: String, slots: [RawInstruction], subprograms: [Subprogram] = [], lines: [LineInfo] = [],
    mapNames: [String] = [], jumpTables: [JumpTable] = []
  ) throws(DecodingError) {
    var index = 0
    while index < slots.count {
      index += try Instruction(decoding: slots, at: index).slotCount
    }
    self.init(
      decodable: slots, name: name, subprograms: subprograms, lines: lines, mapNames: mapNames,
      jumpTables: jumpTables)
  }

  /// Makes a program of slots that are known to decode, because each was encoded from an ``Instruction``.
  ///
  /// - Complexity: O(*n*), *n* the number of subprograms and lines.
  package init(
    decodable slots: [RawInstruction], name: String, subprograms: [Subprogram], lines: [LineInfo],
    mapNames: [String], jumpTables: [JumpTable]
  ) {
    precondition(
      zip(subprograms, subprograms.dropFirst()).allSatisfy { $0.start < $1.start },
      "subprograms are given by rising start")
    precondition(
      zip(lines, lines.dropFirst()).allSatisfy { $0.slot <= $1.slot },
      "source lines are given by rising slot")
    self.name = name
    self.slots = slots
    self.subprograms = subprograms.isEmpty ? [Subprogram(name: name, start: 0)] : subprograms
    self.lines = lines
    self.mapNames = mapNames
    self.jumpTables = jumpTables
  }

  /// The instruction that starts at a slot, which must not be the second half of one.
  ///
  /// - Complexity: O(1).
  public func instruction(at slot: Int) -> Instruction {
    do {
      return try Instruction(decoding: slots, at: slot)
    } catch {
      preconditionFailure(
        "a program's slots were decoded when it was made; slot \(slot) begins none")
    }
  }

  /// The source line that covers a slot, if any is known.
  ///
  /// - Complexity: O(log *n*), *n* the number of source lines.
  public func line(at slot: Int) -> LineInfo? {
    var low = 0
    var high = lines.count
    while low < high {
      let middle = (low + high) / 2
      if lines[middle].slot <= slot { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let line = lines[low - 1]
    // A line does not reach over the start of the next function.
    return line.slot >= subprogram(at: slot).start ? line : nil
  }

  /// The subprogram that holds a slot.
  ///
  /// - Complexity: O(*n*), *n* the number of subprograms.
  public func subprogram(at slot: Int) -> Subprogram {
    subprograms.last { $0.start <= slot } ?? subprograms[0]
  }
}

/// A function of a program.
public struct Subprogram: Hashable, Sendable {
  public let name: String
  /// The slot at which it starts.
  public let start: Int
  /// What a global function is declared as: it is verified by that alone. Nil where it is verified with each call: a static
  /// function, and one of which nothing is known.
  public let prototype: FunctionPrototype?

  public init(name: String, start: Int, prototype: FunctionPrototype? = nil) {
    self.name = name
    self.start = start
    self.prototype = prototype
  }
}

/// The targets an indirect jump (`gotox`) can lead to: the slots a map of kind `insn_array` holds.
public struct JumpTable: Hashable, Sendable {
  public let name: String
  /// The slots, in the table's order.
  public let targets: [Int]

  public init(name: String, targets: [Int]) {
    self.name = name
    self.targets = targets
  }
}

/// The source line an instruction was compiled from (kernel document `bpf/btf.rst`, `line_info`).
public struct LineInfo: Hashable, Sendable {
  /// The first slot the line covers.
  public let slot: Int
  public let file: String
  /// The line number, from 1.
  public let line: Int
  /// The column, from 1; 0 where unknown.
  public let column: Int
  /// The line's text, without indentation.
  public let text: String

  public init(slot: Int, file: String, line: Int, column: Int, text: String) {
    self.slot = slot
    self.file = file
    self.line = line
    self.column = column
    self.text = text
  }
}
