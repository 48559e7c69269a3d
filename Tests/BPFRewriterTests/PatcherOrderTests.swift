import BPFISA
import BPFRewriter
import PatcherOracles
import Testing

/// Patches in the order of the program, for which room is left where they are to lie, and what then turns out otherwise.
@Suite struct PatcherOrderTests {
  typealias Edit = PatchingCase.Edit
  typealias PatchLine = PatchingCase.PatchLine

  #if DEBUG
  static let caseCount = 200
  #else
  static let caseCount = 1_000
  #endif

  @Test func `random edits in the order of the program, and some that are not`() {
    for seed in 0..<Self.caseCount {
      var choices = Choices(seed: UInt64(seed))
      let made = Self.made(&choices)
      if made.difference() != nil {
        let shrunk = made.shrunk { $0.difference() != nil }
        Issue.record("seed \(seed)\n\(shrunk)\n\(shrunk.difference() ?? "")")
        return
      }
      #expect(made.patched(made.assembled()).result != nil, "seed \(seed)")
    }
  }

  @Test func `patches stay where they lie although jumps between them are widened`() throws {
    let count = 120
    var made = PatchingCase()
    for index in 0..<count {
      made.instructions.append(
        index % 10 == 0
          ? .init(instruction: Self.jump, target: min(index + 110, count))
          : .init(instruction: Self.move(Int32(index)), target: nil))
    }
    made.instructions.append(.init(instruction: .exit, target: nil))
    let patch = (0..<334).map { Self.line(Self.move(-1 - $0)) }
    made.passes = [
      .edits((0..<count).filter { $0 % 10 != 0 }.map { Edit.replace($0, patch) })
    ]
    #expect(made.difference() == nil)
    let slots = try #require(made.patched(made.assembled()).result).slots
    // The first two lead over eleven stretches of 3,007 slots, the rest over ten at most.
    let widened = slots.count(where: { $0.opcode == 0x06 })
    #expect(widened == 2)
    #expect(slots.count == 12 * 3_007 + widened + 1)
  }

  @Test func `an edit that is refused far ahead leaves the others as they are`() throws {
    var made = PatchingCase()
    for index in 0..<100 {
      made.instructions.append(.init(instruction: Self.move(Int32(index)), target: nil))
    }
    made.instructions.append(.init(instruction: .exit, target: nil))
    let astray = PatchLine(instruction: Self.jump, target: .original(200), fact: nil)
    made.passes = [
      .edits(
        (0..<40).flatMap { index in
          [
            Edit.replace(index, [Self.line(Self.move(-1)), Self.line(Self.move(-2))]),
            .replace(90, [Self.line(Self.move(-3)), astray]),
          ]
        })
    ]
    #expect(made.difference() == nil)
    let result = try #require(made.patched(made.assembled()).result)
    #expect(result.slots.count == 101 + 40)
  }

  @Test func `a branch leads past the widened last branch of its patch`() throws {
    let count = 33_000
    var slots = try (0..<count).map { try Self.move(Int32($0)).encoded.first }
    slots.append(try Instruction.exit.encoded.first)
    let program = try Program(name: "main", slots: slots)
    var patch = Patch()
    patch.emit(Self.jump, to: .end)
    patch.emit(Self.jump, to: .original(0))
    var patcher = ProgramPatcher(program)
    try patcher.insert(patch, before: count - 10, branches: .throughPatch)
    let patched = try patcher.linearize().program
    #expect(patched.slots.count == slots.count + 3)
    #expect(patched.instruction(at: count - 10).target(at: count - 10) == count - 7)
    #expect(patched.instruction(at: count - 8).target(at: count - 8) == 0)
  }

  // MARK: Cases

  static let jump = Instruction.jumpIf(.equal, .bits64, .r1, .immediate(7), offset: 0)

  static func move(_ marker: Int32) -> Instruction {
    .arithmetic(.move, .bits64, destination: .r0, source: .immediate(marker))
  }

  static func line(
    _ instruction: Instruction, to target: PatchingCase.PatchTarget? = nil
  ) -> PatchLine {
    PatchLine(instruction: instruction, target: target, fact: nil)
  }

  /// A program that holds together whatever is done but to its last instruction, with edits by rising instruction; in half
  /// of the cases some more after those.
  private static func made(_ choices: inout Choices) -> PatchingCase {
    var made = PatchingCase()
    let count = 2 + choices.below(200)
    for index in 0..<count - 1 {
      let line: PatchingCase.Line =
        switch choices.below(8) {
        case 0: .init(instruction: jump, target: choices.below(count))
        case 1:
          .init(
            instruction: .loadWide(destination: .r1, .value(UInt64(index) << 32 | 5)), target: nil)
        default: .init(instruction: move(Int32(index)), target: nil)
        }
      made.instructions.append(line)
      if choices.once(in: 4) { made.lines.append(index) }
    }
    made.instructions.append(.init(instruction: .exit, target: nil))
    made.hasFacts = choices.once(in: 4)
    let density = 1 + choices.below(5)
    var edits: [Edit] = []
    for index in 0..<count - 1 where choices.once(in: density) {
      edits.append(edit(&choices, at: index, count))
      // Another at the same place.
      if choices.once(in: 6) { edits.append(edit(&choices, at: index, count)) }
    }
    if choices.once(in: 2) {
      for _ in 0...choices.below(3) {
        edits.append(edit(&choices, at: choices.below(count - 1), count))
      }
    }
    made.passes = [.edits(edits)]
    if choices.once(in: 3) {
      let instruction = choices.below(count)
      made.passes.append(
        .walk([(at: instruction, step: .insert([line(move(-5))], .throughPatch))]))
    }
    return made
  }

  private static func edit(_ choices: inout Choices, at index: Int, _ count: Int) -> Edit {
    let length = 1 + choices.below(4)
    let patch = (0..<length).map { place in
      switch choices.below(6) {
      case 0: line(jump, to: .end)
      case 1: line(jump, to: .original(choices.below(count)))
      case 2: line(jump, to: .line(choices.below(length)))
      default: line(move(Int32(1_000 * index + place)))
      }
    }
    switch choices.below(4) {
    case 0: return .insert(patch, before: index, .throughPatch)
    case 1: return .insert(patch, before: index, .afterPatch)
    case 2: return .remove(index)
    default: return .replace(index, patch)
    }
  }
}
