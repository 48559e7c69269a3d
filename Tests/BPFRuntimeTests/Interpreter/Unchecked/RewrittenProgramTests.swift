import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import BPFVerifier
import TestSupport
import Testing

/// Programs that went through the verifier and the rewriter.
@Suite struct RewrittenProgramTests {
  static func rewrite(
    _ text: String, maps: [MapSpec] = [], type: ProgramType = .xdp, helpers: HostHelpers = .init()
  ) throws -> RewrittenProgram {
    var options = VerifierOptions()
    options.hostHelpers = helpers.prototypes
    let program = try Program(
      name: "verified", slots: Assembler.assemble(text), mapNames: maps.map(\.name))
    return try Rewriter().rewrite(Verifier(for: type, options: options).verify(program, maps: maps))
  }

  static let counts = MapSpec(
    name: "counts", kind: .perCPUArray, keySize: 4, valueSize: 8, maxEntries: 4)
  static let names = MapSpec(name: "names", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 4)

  /// Counts packets by their first byte, sets that to 9, and returns its length plus what `names` says of it.
  static let counting = """
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 4)
    r8 = r7
    r8 -= r6
    r1 = r6
    r1 += 14
    if r1 > r7 goto out
    r1 = *(u8 *)(r6 + 0)
    *(u32 *)(r10 - 4) = r1
    r1 = 9
    *(u8 *)(r6 + 0) = r1
    r1 = map[idx:0]
    r2 = r10
    r2 += -4
    call 1
    if r0 == 0 goto next
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
    next: r1 = map[idx:1]
    r2 = r10
    r2 += -4
    call 1
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    r8 += r1
    out: r0 = r8
    exit
    """

  @Test func `a program runs on packets and maps`() throws {
    let maps = [try Map(Self.counts, workers: 3), try Map(Self.names, workers: 3)]
    let program = try LoadedProgram(
      Self.rewrite(Self.counting, maps: maps.map(\.spec)), maps: maps)
    try maps[1].set([2, 0, 0, 0], [100, 0, 0, 0, 0, 0, 0, 0])
    for worker in 0..<3 {
      let frame = program.makeFrame(worker: worker)
      for first in [0, 2, 3, 3, 200] as [UInt8] {
        try frame.load([first] + [UInt8](repeating: 0, count: 63))
        let outcome = program.run(frame)
        #expect(outcome.fault == nil && outcome.returnValue == (first == 2 ? 164 : 64))
        #expect(frame.packet.bytes.first == 9)
      }
    }
    for (key, count) in [(0, 1), (1, 0), (2, 1), (3, 2)] as [(UInt8, UInt8)] {
      let slots = try #require(try maps[0].get([key, 0, 0, 0]))
      #expect(slots == (0..<3).flatMap { _ in [count, 0, 0, 0, 0, 0, 0, 0] })
    }
  }

  @Test func `its maps are as those it was verified with`() throws {
    let rewritten = try Self.rewrite(Self.counting, maps: [Self.counts, Self.names])
    let names = try Map(Self.names)
    let changes: [(inout MapSpec) -> Void] = [
      { $0.maxEntries = 3 }, { $0.valueSize = 4 }, { $0.kind = .array },
      { $0.flags = .readOnlyForPrograms }, { $0.isFrozen = true },
    ]
    for change in changes {
      var spec = Self.counts
      change(&spec)
      let other = try Map(spec)
      #expect(throws: LoadError.mapDiffers(program: "verified", map: "counts")) {
        try LoadedProgram(rewritten, maps: [other, names])
      }
    }
    #expect(throws: LoadError.mapCount(program: "verified", expected: 2, found: 1)) {
      try LoadedProgram(rewritten, maps: [names])
    }
  }

  /// The verifier took what is in it for constants.
  @Test func `constants are those it was verified with`() throws {
    func constants(_ value: UInt8) -> MapSpec {
      MapSpec(
        name: "rodata", kind: .array, keySize: 4, valueSize: 4, maxEntries: 1,
        flags: .readOnlyForPrograms,
        contents: [.init(key: [0, 0, 0, 0], value: .bytes([value, 0, 0, 0]))], isFrozen: true)
    }
    let rewritten = try Self.rewrite(
      "r1 = map[idx:0][0]+0\nr0 = *(u32 *)(r1 + 0)\nexit", maps: [constants(1)])
    let program = try LoadedProgram(rewritten, maps: [Map(constants(1))])
    #expect(program.run(program.makeFrame()).returnValue == 1)
    #expect(throws: LoadError.mapDiffers(program: "verified", map: "rodata")) {
      try LoadedProgram(rewritten, maps: [Map(constants(2))])
    }
  }

  @Test func `faults name the slots of the program as it was`() throws {
    let rewritten = try Self.rewrite(
      """
      r1 = *(u32 *)(r1 + 12)
      r0 = 7
      r0 /= r1
      r2 = 0
      loop: r2 += 1
      if r2 != 1000 goto loop
      exit
      """)
    // The division got more instructions than it was.
    #expect(rewritten.program.slots.count > rewritten.verified.program.slots.count)
    let program = try LoadedProgram(rewritten, maps: [])
    let fault = try #require(program.run(program.makeFrame(), budget: 100).fault)
    #expect(fault.kind == .budgetExhausted(100) && fault.slot == 5)
    #expect(fault.instruction == rewritten.verified.program.instruction(at: 5))
    // A context that no packet was loaded into is all zeros.
    #expect(program.run(program.makeFrame()).returnValue == 0)
  }

  private static let answer: HostHelper.Function = { first, second, _, _, _ in first &+ second }

  @Test func `helpers of a host are called`() throws {
    let helpers = HostHelpers([
      HostHelper(.init(rawValue: 0x20000), "sum", [.memory, .size]) { arguments in
        arguments.withBytes(0) { bytes in
          (0..<bytes.byteCount).reduce(UInt64(0)) { sum, index in
            sum + UInt64(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
          }
        }
      },
      unsafe HostHelper(
        .init(rawValue: 0x20001), "add", [.anything, .anything], function: Self.answer),
    ])
    let text = """
      r1 = 0x04030201
      *(u32 *)(r10 - 4) = r1
      r1 = r10
      r1 += -4
      r2 = 4
      call 131072
      r1 = r0
      r2 = 100
      call 131073
      exit
      """
    let rewritten = try Self.rewrite(text, helpers: helpers)
    let program = try LoadedProgram(rewritten, maps: [], helpers: helpers)
    for budget in [nil, 1000] {
      #expect(program.run(program.makeFrame(), budget: budget).returnValue == 110)
    }
    #expect(
      throws: LoadError.helperDiffers(program: "verified", HelperID(rawValue: 0x20000))
    ) {
      try LoadedProgram(rewritten, maps: [])
    }
  }
}
