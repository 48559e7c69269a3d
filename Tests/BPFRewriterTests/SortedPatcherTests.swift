import BPFISA
import BPFRewriter
import PatcherOracles
import Testing

/// Single passes of replacements: the second oracle, sorted patches with summed deltas, gives the same slots.
@Suite struct SortedPatcherTests {
  /// Replacements that branch only inside themselves, of some instructions of a random program.
  static func replacements(
    _ assembled: PatchingCase.Assembled, _ choices: inout Choices
  ) -> [(slot: Int, lines: [ScriptedPatch.Line])] {
    let move = PatcherWideningTests.move
    var replacements: [(slot: Int, lines: [ScriptedPatch.Line])] = []
    for start in assembled.starts.dropLast() where choices.once(in: 3) {
      let count = 1 + choices.below(4)
      var lines = [ScriptedPatch.Line](repeating: .init(move), count: count)
      if choices.once(in: 3) {
        lines[0] = .init(PatcherWideningTests.kinds[1], to: .line(choices.below(count + 1)))
      }
      if choices.once(in: 3) {
        lines[count - 1] = .init(.loadWide(destination: .r1, .value(1 << 40)))
      }
      // What ends a subprogram is not to be taken from it.
      let old = assembled.program.instruction(at: start)
      if !old.fallsThrough { lines.append(.init(.exit)) }
      replacements.append((start, lines))
    }
    // In any order.
    for index in replacements.indices where choices.once(in: 2) {
      replacements.swapAt(index, choices.below(replacements.count))
    }
    return replacements
  }

  /// The slots of a patch that branches inside itself.
  static func slots(_ lines: [ScriptedPatch.Line]) throws -> [RawInstruction] {
    var starts = [0]
    for line in lines { starts.append(starts[starts.count - 1] + line.instruction.slotCount) }
    return try lines.enumerated().flatMap { index, line in
      guard case .line(let target)? = line.target else { return try line.instruction.encoded.slots }
      let moved = line.instruction.with(displacement: starts[target] - starts[index] - 1)
      return try #require(moved).encoded.slots
    }
  }

  @Test func `replacements in one pass`() throws {
    var compared = 0
    for seed in 0..<UInt64(2_000) {
      var choices = Choices(seed: 0x50f7 << 32 | seed)
      var made = PatchingCase(random: &choices)
      made.jumpTables = []
      let assembled = made.assembled()
      let program = assembled.program
      let replacements = Self.replacements(assembled, &choices)
      var patcher = ProgramPatcher(program)
      var sorted = SortedPatcher()
      for (slot, lines) in replacements {
        try patcher.replace(slot, with: ScriptedPatch(lines).patch)
        try sorted.replace(slot, of: program.slots, with: Self.slots(lines))
      }
      let patched: PatchedProgram
      do throws(PatchError) {
        patched = try patcher.linearize()
      } catch {
        // The program itself does not hold together, or a patch branches to the end of a subprogram that ran on.
        switch error {
        case .strayBranch, .nothingLeftToBranchTo: continue
        case _:
          Issue.record("seed \(seed): \(error)")
          return
        }
      }
      compared += 1
      let expected = try sorted.linearize(program.slots)
      guard patched.program.slots == expected else {
        Issue.record("seed \(seed): \(made)\n\(replacements)")
        return
      }
    }
    #expect(compared > 1_500)
  }

  // MARK: Markers

  /// Every instruction has a number of its own; after patching, each jump reaches the number that it should, which is
  /// told without laying anything out.
  @Test func `each jump reaches its marker`() throws {
    for seed in 0..<UInt64(1_000) {
      var choices = Choices(seed: 0x3a7c << 32 | seed)
      let count = 4 + choices.below(60)
      func marker(_ value: Int) -> Instruction {
        .arithmetic(.move, .bits64, destination: .r0, source: .immediate(Int32(value)))
      }
      // Each instruction is a marker; jumps stand before some, and have none.
      var targets: [Int?] = (0..<count).map { _ in choices.once(in: 3) ? choices.below(count) : nil
      }
      targets[count - 1] = nil
      var starts: [Int] = []
      var next = 0
      for target in targets {
        starts.append(next)
        next += target == nil ? 1 : 2
      }
      var slots: [RawInstruction] = []
      for (index, target) in targets.enumerated() {
        if let target {
          let displacement = starts[target] + (targets[target] == nil ? 0 : 1) - starts[index] - 1
          let jump = Instruction.jumpIf(
            .equal, .bits64, .r1, .immediate(Int32(index)), offset: Int16(displacement))
          slots += try jump.encoded.slots
        }
        slots += try marker(index).encoded.slots
      }
      slots += try Instruction.exit.encoded.slots
      let program = try Program(name: "main", slots: slots)

      // What jumps to each marker reach, if something was inserted that they run, and what comes first there.
      var entered: [Int?] = Array(repeating: nil, count: count)
      var isRemoved = [Bool](repeating: false, count: count)
      var first: [Int?] = Array(repeating: nil, count: count)
      var patcher = ProgramPatcher(program)
      var fresh = 1000
      for _ in 0..<choices.below(20) {
        let index = choices.below(count)
        if isRemoved[index] { continue }
        let slot = starts[index] + (targets[index] == nil ? 0 : 1)
        let patch = ScriptedPatch([.init(marker(fresh)), .init(marker(fresh + 1))]).patch
        switch choices.below(4) {
        case 0:
          try patcher.replace(slot, with: patch)
          isRemoved[index] = true
          entered[index] = entered[index] ?? fresh
          first[index] = first[index] ?? fresh
        case 1:
          try patcher.insert(patch, before: slot, branches: .throughPatch)
          entered[index] = entered[index] ?? fresh
          first[index] = first[index] ?? fresh
        case 2:
          try patcher.insert(patch, before: slot, branches: .afterPatch)
          first[index] = first[index] ?? fresh
        default:
          try patcher.remove(slot)
          isRemoved[index] = true
        }
        fresh += 2
      }
      /// The marker that a jump to what was the so-many-th reaches; a jump before it counts as its own number.
      func reached(_ index: Int) -> Int {
        if let entered = entered[index] { return entered }
        if !isRemoved[index] { return index }
        var next = index + 1
        while next < count {
          if targets[next] != nil { return -next }
          if let first = first[next] { return first }
          if !isRemoved[next] { return next }
          next += 1
        }
        return .min
      }
      let patched = try patcher.linearize().program
      for slot in patched.slots.indices {
        let instruction = patched.instruction(at: slot)
        guard case .jumpIf(_, _, _, .immediate(let index), _) = instruction,
          let target = instruction.target(at: slot), let original = targets[Int(index)]
        else { continue }
        let found =
          switch patched.instruction(at: target) {
          case .arithmetic(_, _, _, .immediate(let marker)): Int(marker)
          case .jumpIf(_, _, _, .immediate(let marker), _): -Int(marker)
          case _: Int.min
          }
        #expect(found == reached(original), "seed \(seed)")
      }
    }
  }
}
