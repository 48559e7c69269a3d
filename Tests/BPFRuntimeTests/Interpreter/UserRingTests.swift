import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Samples of the host, and the programs that drain them.
@Suite struct UserRingTests {
  static let ring = MapSpec(
    name: "samples", kind: .userRingBuffer, keySize: 0, valueSize: 0, maxEntries: 4096)

  /// Drains map 0 with a callback that has the dynptr in r6 and a sum's address in r7. What it has in r1 is added to the sum, and
  /// r0 of the program is the helper's result times 2¹⁶ and the sum.
  static func draining(_ body: String, answer: Int = 0, flags: Int = 0) -> String {
    """
    *(u64 *)(r10 - 8) = 0
    r1 = map[idx:0]
    r2 = subprog[each]
    r3 = r10
    r3 += -8
    r4 = \(flags)
    call 209
    r1 = *(u64 *)(r10 - 8)
    r0 <<= 16
    r0 += r1
    exit
    each: r6 = r1
    r7 = r2
    \(body)
    r2 = *(u64 *)(r7 + 0)
    r2 += r1
    *(u64 *)(r7 + 0) = r2
    r0 = \(answer)
    exit
    """
  }

  static let reading = """
    *(u64 *)(r10 - 8) = 0
    r1 = r10
    r1 += -8
    r2 = 1
    r3 = r6
    r4 = 0
    r5 = 0
    call 201
    r1 = *(u8 *)(r10 - 8)
    """

  static func pointing(_ use: String) -> String {
    """
    r1 = r6
    r2 = 0
    r3 = 4
    call 203
    r1 = 1
    if r0 == 0 goto out
    \(use)
    out: r2 = 0
    """
  }

  static let writing = """
    *(u64 *)(r10 - 8) = 77
    r1 = r6
    r2 = 1
    r3 = r10
    r3 += -8
    r4 = 1
    r5 = 0
    call 202
    r8 = r0
    \(pointing("r1 = *(u8 *)(r0 + 1)"))
    r1 += r8
    """

  static let nesting = """
    r1 = map[idx:0]
    r2 = subprog[inner]
    r3 = 0
    r4 = 0
    call 209
    r1 = r0
    """

  static let programs = [
    draining("r1 = 1"), draining(reading), draining(reading, answer: 1),
    draining(reading, flags: 1), draining(reading, flags: 2), draining(reading, flags: 3),
    draining(reading, flags: 4), draining(pointing("r1 = *(u8 *)(r0 + 3)")),
    draining(pointing("*(u8 *)(r0 + 2) = 9\nr1 = *(u8 *)(r0 + 2)")), draining(writing),
    draining(nesting) + "\ninner: r0 = 0\nexit",
  ]

  static let samples: [[[UInt8]]] = [
    [], [[5]], [[]], [[1, 2, 3, 4], [10, 20, 30, 40, 50], [], [7, 7, 7, 7]],
    (0..<200).map { [UInt8($0), 1, 2, 3] },
  ]

  final class Machine {
    let map: Map
    let loaded: LoadedProgram
    let frame: ExecutionFrame

    init(_ text: String, map: Map? = nil) throws {
      self.map = try map ?? Map(UserRingTests.ring)
      loaded = try LoadedProgram(
        unverified: UserRingTests.program(text), type: .xdp, maps: [self.map])
      frame = loaded.makeFrame()
    }

    func run(_ samples: [[UInt8]] = [], budget: Int = LoadedProgram.defaultBudget) throws -> Outcome
    {
      for sample in samples { try map.submitSample(sample) }
      try frame.load([UInt8](repeating: 0, count: 64))
      return loaded.run(frame, budget: budget)
    }
  }

  static func program(_ text: String) throws -> Program {
    try Program(name: "drain", slots: Assembler.assemble(text), mapNames: ["samples"])
  }

  @Test func `each sample is drained once, in order`() throws {
    let machine = try Machine(Self.draining(Self.reading))
    #expect(try machine.run([[1, 9], [2], [4]]).returnValue == 3 << 16 + 7)
    #expect(try machine.run().returnValue == 0)
    // Around the end of the ring, often.
    for round in 0..<100 {
      let samples = (0..<(round % 7)).map { [UInt8](repeating: UInt8($0 + 1), count: 500 - round) }
      let sum = samples.reduce(0) { $0 + UInt64($1[0]) }
      #expect(try machine.run(samples).returnValue == UInt64(samples.count) << 16 + sum)
    }
  }

  @Test func `what a callback leaves undrained is there the next time`() throws {
    let machine = try Machine(Self.draining(Self.reading, answer: 1))
    #expect(try machine.run([[1], [2]]).returnValue == 1 << 16 + 1)
    #expect(try machine.run([[3]]).returnValue == 1 << 16 + 2)
    #expect(try machine.run().returnValue == 1 << 16 + 3)
    #expect(try machine.run().returnValue == 0)
  }

  @Test func `samples beyond the ring's room are refused`() throws {
    let map = try Map(Self.ring)
    func number(_ count: Int) -> Int32? {
      do {
        try map.submitSample([UInt8](repeating: 0, count: count))
        return nil
      } catch {
        return error.errorNumber
      }
    }
    #expect(number(4089) == 7)
    #expect(number(4088) == nil)
    #expect(number(0) == 28)
    #expect(number(4088) == 28)
    let machine = try Machine(Self.draining("r1 = 1"), map: map)
    #expect(try machine.run().returnValue == 1 << 16 + 1)
    for _ in 0..<512 { #expect(number(0) == nil) }
    #expect(number(0) == 28)
    #expect(try machine.run().returnValue == 512 << 16 + 512)

    let large = try Map(
      MapSpec(name: "l", kind: .userRingBuffer, keySize: 0, valueSize: 0, maxEntries: 1 << 25))
    #expect(throws: MapError.self) { try large.submitSample([UInt8](repeating: 0, count: 1 << 24)) }
    let array = try Map(MapSpec(name: "a", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1))
    #expect(throws: MapError.self) { try array.submitSample([1]) }
  }

  @Test func `a drain takes at most 128 Ki samples`() throws {
    let map = try Map(
      MapSpec(
        name: "samples", kind: .userRingBuffer, keySize: 0, valueSize: 0, maxEntries: 1 << 21))
    let machine = try Machine(Self.draining("r1 = 0"), map: map)
    for _ in 0..<(128 << 10) + 5 { try map.submitSample([]) }
    #expect(try machine.run().returnValue == (128 << 10) << 16)
    #expect(try machine.run().returnValue == 5 << 16)
  }

  @Test func `a host waits for room`() async throws {
    let machine = try Machine(Self.draining(Self.reading))
    try machine.map.submitSample([UInt8](repeating: 1, count: 4088))
    let map = machine.map
    let waiting = Task { try await map.submitSampleWhenRoom([2]) }
    #expect(try machine.run().returnValue == 1 << 16 + 1)
    try await waiting.value
    #expect(try machine.run().returnValue == 1 << 16 + 2)

    try map.submitSample([UInt8](repeating: 1, count: 4088))
    let cancelled = Task { try await map.submitSampleWhenRoom([2]) }
    cancelled.cancel()
    await #expect(throws: MapError.self) { try await cancelled.value }
  }

  @Test func `a run that is ended in the callback lets others drain`() throws {
    let machine = try Machine(Self.draining(Self.reading))
    #expect(try machine.run([[1], [2]], budget: 12).fault != nil)
    #expect(try machine.run().returnValue == 2 << 16 + 3)
    let faulting = try Machine(Self.draining("r1 = *(u64 *)(r6 + 0)"), map: machine.map)
    #expect(try faulting.run([[1]]).fault != nil)
    #expect(try machine.run().returnValue == 1 << 16 + 1)
  }

  @Test(arguments: [
    // The dynptr itself, past its sample, and after it.
    "*(u64 *)(r6 + 0) = 0\nr1 = 0", "r1 = *(u32 *)(r6 + 12)", "r6 += 8\n" + reading,
    "r6 += -8\n" + reading, pointing("r1 = *(u8 *)(r0 + 4)"), pointing("r1 = *(u8 *)(r0 - 1)"),
    pointing("r1 = *(u64 *)(r0 - 8)"), pointing("*(u64 *)(r0 + 0) = 1\nr1 = 0"),
    // Neither a record of a ring buffer, nor memory to make a dynptr of.
    pointing("r1 = r0\nr2 = 0\ncall 132\nr1 = 0"), "r1 = r6\nr2 = 0\ncall 210\nr1 = 0",
    pointing("r1 = r0\nr2 = 4\nr3 = 0\nr4 = r10\nr4 += -16\ncall 197\nr1 = 0"),
    // Another answer than 0 or 1.
    "r1 = 0\nr0 = 2\nexit",
  ])
  func `programs have the bytes of a sample and no others`(body: String) throws {
    let machine = try Machine(Self.draining(body))
    #expect(try machine.run([[1, 2, 3, 4], [1, 2, 3, 4]]).fault != nil)
  }

  @Test func `pointers into a sample end with its callback`() throws {
    let keeping = try Machine(
      """
      *(u64 *)(r10 - 8) = 0
      r1 = map[idx:0]
      r2 = subprog[each]
      r3 = r10
      r3 += -8
      r4 = 0
      call 209
      r1 = *(u64 *)(r10 - 8)
      r0 = *(u8 *)(r1 + 0)
      exit
      each: r6 = r2
      r2 = 0
      r3 = 1
      call 203
      *(u64 *)(r6 + 0) = r0
      r0 = 0
      exit
      """)
    guard case .outOfBounds(_, .none)? = try keeping.run([[1]]).fault?.kind else {
      Issue.record("a pointer into a sample outlived its callback")
      return
    }
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `programs drain as in the kernel`() throws {
    for (index, text) in Self.programs.enumerated() {
      let map = try KernelMap(Self.ring)
      let kernel = try KernelProgram(Self.program(text), type: .xdp, maps: [map])
      let machine = try Machine(text)
      for samples in Self.samples + Self.samples {
        try map.submitSamples(samples)
        let expected = try kernel.run([UInt8](repeating: 0, count: 64)).returnValue
        let outcome = try machine.run(samples)
        #expect(outcome.fault == nil)
        #expect(
          UInt32(truncatingIfNeeded: outcome.returnValue) == expected,
          "program \(index) on \(samples.count) samples")
        // Nothing left, for programs that do not drain everything.
        let rest = Self.draining("r1 = 0")
        _ = try KernelProgram(Self.program(rest), type: .xdp, maps: [map])
          .run([UInt8](repeating: 0, count: 64))
        _ = try Machine(rest, map: machine.map).run()
      }
    }
  }
}
