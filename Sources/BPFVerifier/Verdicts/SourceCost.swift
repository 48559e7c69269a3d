public import BPFISA

/// How much of the verifier's work a line of source took, or an instruction where the program has no lines.
public struct SourceCost: Hashable, Sendable {
  /// The first slot of those it is about.
  public let slot: Int
  public let line: LineInfo?
  /// How many instructions were processed, over all paths.
  public let processedInstructions: Int
  /// The slots of the innermost loop it lies in, where one is named.
  public let loop: ClosedRange<Int>?

  /// The costs of a program's lines, the greatest first; of its instructions where it has no lines.
  ///
  /// Lines that no path came to are left out. Together they are ``VerificationStatistics/processedInstructions``.
  ///
  /// - Complexity: O(*n* log *n*), *n* the program's slots.
  public static func costs(
    of program: Program, _ statistics: VerificationStatistics
  ) -> [SourceCost] {
    var costs: [SourceCost] = []
    var places: [Place: Int] = [:]
    var lineIndex = -1
    var functionIndex = 0
    for (slot, count) in statistics.processedCounts.enumerated() where count > 0 {
      while lineIndex + 1 < program.lines.count, program.lines[lineIndex + 1].slot <= slot {
        lineIndex += 1
      }
      while functionIndex + 1 < program.subprograms.count,
        program.subprograms[functionIndex + 1].start <= slot
      {
        functionIndex += 1
      }
      let start = program.subprograms[functionIndex].start
      let isCovered = lineIndex >= 0 && program.lines[lineIndex].slot >= start
      let line = isCovered ? program.lines[lineIndex] : nil
      let place = line.map { Place(file: $0.file, number: $0.line) } ?? Place(slot: slot)
      if let index = places[place] {
        costs[index] = SourceCost(
          slot: costs[index].slot, line: costs[index].line,
          processedInstructions: costs[index].processedInstructions + Int(count), loop: nil)
      } else {
        places[place] = costs.count
        costs.append(
          SourceCost(slot: slot, line: line, processedInstructions: Int(count), loop: nil))
      }
    }
    return costs.sorted {
      ($1.processedInstructions, $0.slot) < ($0.processedInstructions, $1.slot)
    }
  }

  private enum Place: Hashable {
    case line(file: String, number: Int)
    case slot(Int)

    init(file: String, number: Int) { self = .line(file: file, number: number) }
    init(slot: Int) { self = .slot(slot) }
  }

  /// What took most of the work: the innermost loop around the instruction processed most often, with all that was
  /// processed in it, or that instruction's line.
  ///
  /// - Complexity: O(*n* log *n*), *n* the program's slots.
  static func busiest(
    in program: Program, _ statistics: VerificationStatistics
  ) -> SourceCost? {
    let counts = statistics.processedCounts
    guard let slot = counts.indices.max(by: { counts[$0] < counts[$1] }), counts[slot] > 1 else {
      return costs(of: program, statistics).first
    }
    var loop: ClosedRange<Int>?
    var position = 0
    while position < program.slots.count {
      let instruction = program.instruction(at: position)
      if instruction.isBranch, let target = instruction.target(at: position), target >= 0,
        target <= slot, slot <= position, loop.map({ position - target < $0.count }) ?? true
      {
        loop = target...position
      }
      position += instruction.slotCount
    }
    guard let loop else { return costs(of: program, statistics).first }
    return SourceCost(
      slot: loop.lowerBound, line: program.line(at: loop.lowerBound),
      processedInstructions: counts[loop].reduce(0) { $0 + Int($1) }, loop: loop)
  }
}
