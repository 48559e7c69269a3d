import BPFISA
import BPFRewriter

// Random programs and edits.
extension PatchingCase {
  /// How large a random case gets.
  public struct Size: Sendable {
    public var instructions: Int
    public var subprograms: Int
    public var passes: Int
    public var edits: Int
    public var patch: Int

    public static let small = Size(instructions: 24, subprograms: 3, passes: 3, edits: 6, patch: 5)
  }

  public init(random choices: inout Choices, size: Size = .small) {
    var maker = Maker(size: size, count: 1 + choices.below(size.instructions))
    let starts = Set((1..<size.subprograms).map { _ in choices.below(maker.count) }).subtracting([0]
    )
    subprograms = starts.sorted()
    maker.subprograms = subprograms
    for index in 0..<maker.count {
      let isLast = index + 1 == maker.count || starts.contains(index + 1)
      instructions.append(maker.line(&choices, at: index, isLast: isLast))
    }
    for index in instructions.indices where choices.once(in: 4) {
      lines.append(index)
      if choices.once(in: 8) { lines.append(index) }
    }
    if choices.once(in: 3) {
      jumpTables = (0...choices.below(2)).map { _ in
        (0...choices.below(3)).map { _ in maker.address(&choices) }
      }
    }
    hasFacts = !choices.once(in: 4)
    for _ in 0...choices.below(size.passes) {
      let count = choices.below(size.edits + 1)
      if choices.once(in: 2) {
        passes.append(.edits((0..<count).flatMap { _ in maker.edits(&choices) }))
      } else {
        passes.append(
          .walk(
            (0..<count).map { _ in
              (at: choices.below(maker.count * 3 / 2 + 2), step: maker.step(&choices))
            }.sorted { $0.at < $1.at }))
      }
    }
  }

  private struct Maker {
    let size: Size
    let count: Int
    var subprograms: [Int] = []
    /// So that every instruction is another.
    var marker: Int32 = 0

    init(size: Size, count: Int) {
      self.size = size
      self.count = count
    }

    /// Mostly an instruction of the program; now and then something else.
    func address(_ choices: inout Choices) -> Int {
      if choices.once(in: 200) { return count + choices.below(3) }
      if choices.once(in: 200) { return ~choices.below(count) }
      return choices.below(count)
    }

    private func start(_ choices: inout Choices) -> Int {
      choices.once(in: 4) ? address(&choices) : choices.one(of: [0] + subprograms)
    }

    private func jumpTarget(_ choices: inout Choices, near index: Int) -> Int {
      if choices.once(in: 8) { return address(&choices) }
      let first = subprograms.last { $0 <= index } ?? 0
      let end = subprograms.first { $0 > index } ?? count
      return first + choices.below(end - first)
    }

    mutating func line(_ choices: inout Choices, at index: Int, isLast: Bool) -> Line {
      marker += 1
      if isLast, !choices.once(in: 6) {
        return Line(instruction: .exit, target: nil)
      }
      let instruction = any(&choices)
      switch instruction {
      case .call(.local), .loadWide(_, .function):
        return Line(instruction: instruction, target: start(&choices))
      case _ where instruction.isBranch:
        return Line(instruction: instruction, target: jumpTarget(&choices, near: index))
      case _:
        return Line(instruction: instruction, target: nil)
      }
    }

    /// An instruction of any kind that matters, with a number of its own where it has room for one.
    private func any(_ choices: inout Choices) -> Instruction {
      switch choices.below(16) {
      case 0: .jump(offset: 0)
      case 1: .jumpLong(offset: 0)
      case 2, 3, 4:
        .jumpIf(
          choices.one(of: Condition.allCases), choices.one(of: ArithmeticWidth.allCases), .r1,
          choices.once(in: 2) ? .immediate(marker) : .register(.r2), offset: 0)
      case 5: .mayGoto(offset: 0)
      case 6: .call(.local(0))
      case 7: .loadWide(destination: .r1, .function(0))
      case 8: .loadWide(destination: .r1, .value(UInt64(UInt32(bitPattern: marker)) << 32 | 7))
      case 9: choices.once(in: 2) ? .exit : .jumpIndirect(.r1)
      case 10: .call(.helper(marker))
      case 11: .loadWide(destination: .r1, .mapIndexValue(0, offset: marker))
      default:
        .arithmetic(.move, .bits64, destination: .r0, source: .immediate(marker))
      }
    }

    /// - Parameter isStep: whether a walk applies it, so that it may lead where the branch leads that it comes to.
    mutating func patch(_ choices: inout Choices, isStep: Bool = false) -> [PatchLine] {
      let length = choices.below(size.patch + 1)
      return (0..<length).map { _ in
        marker += 1
        let instruction = any(&choices)
        var line = PatchLine(instruction: instruction, target: nil, fact: nil)
        if choices.once(in: 3) { line.fact = FactID(rawValue: 0x1000 + UInt32(marker)) }
        guard instruction.displacement != nil else { return line }
        if !instruction.isBranch, !choices.once(in: 10) {
          line.target = .original(start(&choices))
        } else {
          line.target =
            switch choices.below(4) {
            case 0: .end
            case 1: .original(address(&choices))
            case 2 where isStep: .here
            default: .line(choices.below(length + 1))
            }
        }
        return line
      }
    }

    private func entry(_ choices: inout Choices) -> ProgramPatcher.Entry {
      choices.once(in: 2) ? .throughPatch : .afterPatch
    }

    private mutating func edit(_ choices: inout Choices, at address: Int) -> Edit {
      switch choices.below(3) {
      case 0: .replace(address, patch(&choices))
      case 1: .insert(patch(&choices), before: address, entry(&choices))
      default: .remove(address)
      }
    }

    /// One edit, or the removal of a stretch, or of a subprogram.
    mutating func edits(_ choices: inout Choices) -> [Edit] {
      switch choices.below(12) {
      case 0:
        let first = choices.below(count)
        let end = min(count, first + 1 + choices.below(6))
        return (first..<end).map { .remove($0) }
      case 1:
        let starts = [0] + subprograms + [count]
        let index = choices.below(starts.count - 1)
        return (starts[index]..<starts[index + 1]).map { .remove($0) }
      default:
        return [edit(&choices, at: address(&choices))]
      }
    }

    mutating func step(_ choices: inout Choices) -> Step {
      switch choices.below(7) {
      case 0, 1: .replace(patch(&choices, isStep: true))
      case 2, 3: .insert(patch(&choices, isStep: true), entry(&choices))
      case 4, 5: .remove
      default: .edit(edit(&choices, at: address(&choices)))
      }
    }
  }
}

extension PatchingCase {
  /// Puts so many moves into one patch that branches over it come to the limit of 16 bits.
  public mutating func stretch(_ choices: inout Choices) {
    let move = Instruction.arithmetic(.move, .bits64, destination: .r0, source: .immediate(3))
    let filler = [PatchLine](
      repeating: PatchLine(instruction: move, target: nil, fact: nil),
      count: 0x7ff8 + choices.below(10) - choices.below(instructions.count))
    for _ in 0...choices.below(2) {
      let edit = Edit.insert(
        filler, before: choices.below(instructions.count),
        choices.once(in: 2) ? .throughPatch : .afterPatch)
      passes.insert(.edits([edit]), at: choices.below(passes.count + 1))
    }
  }
}
