import BPFISA
import BPFJIT
import BPFPlatform
import BPFRewriter
import BPFVerifier
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// What compiled programs do beyond what ``EveryEngine`` compares.
@Suite struct CompiledProgramTests {
  private static func load(
    _ text: String, type: ProgramType = .xdp, _ maps: [Map] = [], engine: ProgramEngine = .jit
  ) throws -> LoadedProgram {
    let program = try Program(
      name: "native", slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name))
    return unsafe try LoadedProgram(unchecked: program, type: type, maps: maps, engine: engine)
  }

  private static func run(_ program: LoadedProgram) throws -> Outcome {
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return program.run(frame)
  }

  private static let engines: [ProgramEngine] = [.interpreter, .jit]

  // MARK: Tail calls

  @Test(arguments: engines, engines)
  func `33 tail calls follow one another, whatever runs them`(
    first: ProgramEngine, second: ProgramEngine
  ) throws {
    let maps = [try Map(TailCallTests.programs), try Map(TailCallTests.counters)]
    let program = try Self.load(TailCallTests.counting(slot: 2), maps, engine: first)
    try maps[0].setProgram(
      Self.load(TailCallTests.counting(slot: 2), maps, engine: second), at: 2)
    defer { maps[0].removeAllPrograms() }
    for run in 1...2 as ClosedRange<UInt8> {
      let outcome = try Self.run(program)
      #expect(outcome.fault == nil && outcome.returnValue == 7)
      // Who goes on in another engine begins to count anew there.
      if first == second { #expect(try TailCallTests.count(maps[1]) == 34 * run) }
    }
  }

  /// Each of 33 programs is called from a function of the one before, which its callers wait for.
  @Test(arguments: engines)
  func `functions wait for what tail calls put in their place`(engine: ProgramEngine) throws {
    let maps = [try Map(TailCallTests.programs), try Map(TailCallTests.counters)]
    let text = """
      r6 = r10
      r6 += -8
      *(u32 *)(r6 + 0) = 0
      r1 = map[idx:1]
      r2 = r6
      call 1
      if r0 == 0 goto +3
      r1 = *(u8 *)(r0 + 0)
      r1 += 1
      *(u8 *)(r0 + 0) = r1
      r7 = 5
      call f
      r0 += 1
      if r7 == 5 goto +1
      r0 = 1000
      exit
      f: r9 = r10
      *(u64 *)(r10 - 16) = r9
      r2 = map[idx:0]
      r3 = 2
      call 12
      r0 = 0
      r1 = *(u64 *)(r10 - 16)
      if r1 == r10 goto +1
      r0 = 2000
      exit
      """
    let program = try Self.load(text, maps, engine: engine)
    try maps[0].setProgram(program, at: 2)
    defer { maps[0].removeAllPrograms() }
    let outcome = try Self.run(program)
    #expect(outcome.fault == nil)
    #expect(outcome.returnValue == 34)
    #expect(try TailCallTests.count(maps[1]) == 34)
  }

  @Test func `a program returns to the caller of the function it replaces`() throws {
    let maps = [try Map(TailCallTests.programs), try Map(TailCallTests.counters)]
    let caller = """
      r6 = 2
      call f
      r0 += r6
      r0 <<= 1
      exit
      f: r2 = map[idx:0]
      r3 = 0
      call 12
      r0 = 1000
      exit
      """
    defer { maps[0].removeAllPrograms() }
    for target in Self.engines {
      try maps[0].setProgram(Self.load("r6 = 99\nr0 = 40\nexit", engine: target), at: 0)
      for engine in Self.engines {
        let outcome = try Self.run(Self.load(caller, [maps[0]], engine: engine))
        #expect(outcome.fault == nil && outcome.returnValue == 84, "\(engine) to \(target)")
      }
    }
  }

  // MARK: Where code lies

  /// Helpers are called through the table: the packs are too far away for direct calls.
  @Test func `code far from what it calls runs`() throws {
    var options = CodeOptions()
    options.packs = CodePacks(near: 0x1000_0000_0000)
    let text = """
      call 7
      r6 = r0
      call 8
      r0 += 7
      exit
      """
    let program = try Program(name: "far", slots: Assembler.assemble(text))
    let far = unsafe try LoadedProgram(unchecked: program, type: .xdp, maps: [], options: options)
    guard case .compiled(let code) = far.code else {
      Issue.record("the program is compiled")
      return
    }
    #expect(code.image.callSites.isEmpty && code.image.code.count > code.image.codeSize)
    #expect(try Self.run(far).returnValue == 7)
    let near = unsafe try LoadedProgram(unchecked: program, type: .xdp, maps: [], engine: .jit)
    guard case .compiled(let code) = near.code else { return }
    #expect(!code.image.callSites.isEmpty)
    #expect(try Self.run(near).returnValue == 7)
  }

  @Test func `without a way to write code programs are interpreted`() throws {
    let packs = CodePacks(near: 0, hook: .unsupported(reason: "no way in this test"))
    let program = try Program(name: "plain", slots: Assembler.assemble("r0 = 2\nexit"))
    let rewritten = try Rewriter().rewrite(Verifier(for: .xdp).verify(program, maps: []))
    let fallback = try LoadedProgram(
      rewritten, maps: [], compilation: Compilation(packs: packs))
    #expect(fallback.engine == .interpreter)
    #expect(try Self.run(fallback).returnValue == 2)
    let compiled = try LoadedProgram(rewritten, maps: [])
    #expect(compiled.engine == .jit)
    #expect(try Self.run(compiled).returnValue == 2)
    #expect(try LoadedProgram(rewritten, maps: [], compilation: .disabled).engine == .interpreter)
  }

  /// The processor's newer instructions are not there, and constants stay by themselves.
  @Test func `older processors and hardened code do the same`() throws {
    var options = CodeOptions()
    options.features = ProcessorFeatures(hasBMI2: false, hasMOVBE: false)
    options.foldsConstants = false
    options.randomizesStart = true
    let input = (0..<AddressGenerator.memorySize).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    for seed in 0..<300 {
      var addresses = AddressGenerator(seed: UInt64(seed))
      var mixed = ProgramGenerator(seed: UInt64(seed))
      for slots in [try addresses.program(), try mixed.program()] {
        let program = try Program(name: "old", slots: slots)
        let reference = unsafe try LoadedProgram(unchecked: program, type: .raw, maps: [])
        let old = unsafe try LoadedProgram(
          unchecked: program, type: .raw, maps: [], options: options)
        let frames = [reference.makeFrame(), old.makeFrame()]
        for frame in frames { try frame.load(input) }
        let expected = reference.run(frames[0])
        let found = old.run(frames[1])
        #expect(found.returnValue == expected.returnValue, "seed \(seed)")
        #expect(frames[1].packet.bytes == frames[0].packet.bytes, "seed \(seed)")
      }
    }
  }

  /// One address has one index: two scaled ones make a sum of their own.
  @Test func `two shifted registers are both added`() throws {
    for (width, counts) in [("r", (1, 2)), ("w", (3, 1)), ("r", (2, 2))] {
      let text = """
        *(u64 *)(r10 - 8) = 5
        *(u64 *)(r10 - 16) = 7
        r1 = *(u64 *)(r10 - 8)
        r2 = *(u64 *)(r10 - 16)
        r1 ^= 0
        r2 ^= 0
        \(width)1 <<= \(counts.0)
        \(width)2 <<= \(counts.1)
        \(width)1 += \(width)2
        r0 = r1
        exit
        """
      let expected = UInt64((5 << counts.0) + (7 << counts.1))
      #expect(try Self.run(Self.load(text)).returnValue == expected, "\(width) \(counts)")
    }
  }

  /// A helper that takes fewer arguments than it has is given zeros for the rest, and nothing of the process.
  @Test func `registers that nobody set are zero`() throws {
    let text = """
      *(u64 *)(r10 - 16) = 0x7825
      call 7
      *(u32 *)(r10 - 16) = 0x78257825
      *(u32 *)(r10 - 12) = 0x7825
      r1 = r10
      r1 += -16
      r2 = 7
      call 6
      r0 = 0
      exit
      """
    let outcome = try Self.run(Self.load(text))
    #expect(outcome.traceLines == ["000"])
  }

  // MARK: Entering

  @Test(arguments: engines)
  func `an entry runs what is loaded into its frame`(engine: ProgramEngine) throws {
    let program = try Self.load("r0 = *(u8 *)(r1 + 2)\nexit", type: .raw, engine: engine)
    let other = try Self.load("r0 = 77\nexit", type: .raw)
    let frame = program.makeFrame()
    let entry = ProgramEntry(program, in: frame)
    for byte in [3, 9] as [UInt8] {
      try frame.load([0, 1, byte])
      #expect(entry.run() == UInt64(byte))
      // Others may use the frame in between.
      #expect(other.run(frame, budget: 10).returnValue == 77)
      #expect(entry.run() == UInt64(byte))
      #expect(other.run(frame).returnValue == 77)
    }
  }

  @Test func `a run with a budget counts in the interpreter`() throws {
    let program = try Self.load("r0 = 1\nr0 += 1\nexit")
    let frame = program.makeFrame()
    #expect(program.run(frame, budget: 100).instructions == 3)
    #expect(program.run(frame).instructions == nil)
    #expect(program.run(frame, budget: 2).fault != nil)
  }
}
