import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Dynptrs over map values and over records of a ring buffer.
@Suite struct DynptrTests {
  static let values = MapSpec(
    name: "values", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1,
    contents: [.init(key: [0, 0, 0, 0], value: .bytes((1...64).map { $0 }))])
  static let ring = MapSpec(
    name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096)
  static let results = MapSpec(
    name: "results", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1)
  static let maps = [values, ring, results]

  static func program(_ text: String) throws -> ComparedProgram {
    try ComparedProgram(
      Program(name: "dynptr", slots: Assembler.assemble(text), mapNames: maps.map(\.name)),
      type: .xdp, maps: maps)
  }

  static func run(_ text: String, maps live: [Map]? = nil) throws -> Outcome {
    let compared = try program(text)
    let loaded = try LoadedProgram(
      unverified: compared.program, type: .xdp,
      maps: live ?? maps.map { spec throws in try Map(spec) })
    let frame = loaded.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return loaded.run(frame)
  }

  /// A dynptr at r10 - 16 over the first value, its result kept, then `rest`.
  static func local(size: Int = 64, flags: Int = 0, _ rest: String) -> String {
    """
    r1 = map[idx:0][0]+0
    r2 = \(size)
    r3 = \(flags)
    r4 = r10
    r4 += -16
    call 197
    r6 = r0
    \(rest)
    r0 = r6
    exit
    """
  }

  static func read(_ count: Int, at offset: Int, flags: Int = 0) -> String {
    """
    *(u64 *)(r10 - 32) = 0
    *(u64 *)(r10 - 24) = 0
    r1 = r10
    r1 += -32
    r2 = \(count)
    r3 = r10
    r3 += -16
    r4 = \(offset) ll
    r5 = \(flags)
    call 201
    r6 = r0
    r1 = *(u64 *)(r10 - 32)
    r2 = map[idx:2][0]+0
    *(u64 *)(r2 + 0) = r1
    """
  }

  static func write(_ count: Int, at offset: Int, flags: Int = 0) -> String {
    """
    r1 = 0x0102030405060708 ll
    *(u64 *)(r10 - 32) = r1
    *(u64 *)(r10 - 24) = r1
    r1 = r10
    r1 += -16
    r2 = \(offset)
    r3 = r10
    r3 += -32
    r4 = \(count)
    r5 = \(flags)
    call 202
    r6 = r0
    """
  }

  /// The word at a place of the dynptr, through its address; 7 where there is none.
  static func word(at offset: Int, size: Int = 8) -> String {
    """
    r1 = r10
    r1 += -16
    r2 = \(offset)
    r3 = \(size)
    call 203
    r6 = 7
    if r0 == 0 goto none
    r6 = *(u64 *)(r0 + 0)
    *(u64 *)(r0 + 0) = 5
    none:
    """
  }

  static let locals =
    [
      local(""), local(flags: 1, ""), local(size: 1, read(1, at: 0)), local(read(0, at: 0)),
      local(flags: 1, read(1, at: 0)), local(flags: 1, write(1, at: 0)),
      local(flags: 1, word(at: 0)), local(word(at: 0)), local(word(at: 56)),
      local(word(at: 57)), local(word(at: 64, size: 8)), local(size: 16, word(at: 8)),
      local(size: 16, word(at: 9)), local(read(8, at: 1, flags: 1)),
      local(write(8, at: 1, flags: 1)),
    ]
    + [(8, 0), (8, 56), (8, 57), (16, 48), (0, 64), (0, 65), (8, -1), (8, 1 << 32)].flatMap {
      [local(read($0.0, at: $0.1)), local(write($0.0, at: Int(Int32(truncatingIfNeeded: $0.1))))]
    }

  /// A dynptr at r10 - 16 over a record, then `rest`, then its release.
  static func record(
    size: Int, flags: Int = 0, isDiscarded: Bool = false, _ rest: String = ""
  ) -> String {
    """
    r1 = map[idx:1]
    r2 = \(size)
    r3 = \(flags)
    r4 = r10
    r4 += -16
    call 198
    r6 = r0
    \(rest)
    r1 = r10
    r1 += -16
    r2 = 0
    call \(isDiscarded ? 200 : 199)
    r0 = r6
    exit
    """
  }

  static let records = [
    record(size: 8, write(8, at: 0)), record(size: 0), record(size: 8, flags: 1),
    record(size: 16, write(16, at: 0)), record(size: 16, isDiscarded: true, write(16, at: 0)),
    record(size: 8192), record(size: 8192, write(8, at: 0)), record(size: 8192, word(at: 0)),
    record(size: 1 << 24), record(size: (1 << 24) - 1), record(size: -1),
    record(size: 16, write(8, at: 9)), record(size: 16, write(8, at: 0) + "\n" + word(at: 0)),
    record(size: 16, write(8, at: 8) + "\n" + read(8, at: 8)),
  ]

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `dynptrs do what the kernel's do`() throws {
    let packet = [UInt8](repeating: 0, count: 64)
    for text in Self.locals + Self.records {
      try expectSameAsKernel(Self.program(text), on: [packet])
    }
  }

  @Test func `a dynptr reads, writes and lends what it points at`() throws {
    func value(_ text: String) throws -> Int64 {
      let outcome = try Self.run(text)
      #expect(outcome.fault == nil)
      return Int64(bitPattern: outcome.returnValue)
    }
    #expect(try value(Self.local(Self.read(8, at: 57))) == -7)
    #expect(try value(Self.local(flags: 1, Self.read(8, at: 0))) == -22)
    #expect(try value(Self.local(Self.word(at: 8))) == 0x100f_0e0d_0c0b_0a09)
    #expect(try value(Self.local(Self.word(at: 57))) == 7)
    #expect(try value(Self.record(size: 1 << 24)) == -7)
    let maps = try Self.maps.map { spec throws in try Map(spec) }
    _ = try Self.run(Self.record(size: 8, Self.write(8, at: 0)), maps: maps)
    _ = try Self.run(Self.record(size: 8, isDiscarded: true), maps: maps)
    #expect(maps[1].takeRecords() == [[8, 7, 6, 5, 4, 3, 2, 1]])
  }

  @Test(arguments: [
    // Made of the stack, or of nothing.
    "r1 = r10\nr1 += -32\nr2 = 8\nr3 = 0\nr4 = r10\nr4 += -16\ncall 197\nexit",
    // Read, written over, misaligned, or never made.
    local("r6 = *(u64 *)(r10 - 16)"), local("r6 = *(u8 *)(r10 - 1)"),
    local("*(u8 *)(r10 - 1) = 0\n" + read(1, at: 0)),
    local("*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\n" + read(1, at: 0)),
    local(read(1, at: 0).replacing("r3 += -16", with: "r3 += -15")),
    read(1, at: 0), "*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\n" + read(1, at: 0),
    // Read over itself.
    local(read(8, at: 0).replacing("r1 += -32", with: "r1 += -16")),
    // Released twice, never, as a plain record, or though it is no record's.
    record(size: 8).replacing("r0 = r6", with: "r1 = r10\nr1 += -16\nr2 = 0\ncall 199\nr0 = 0"),
    record(size: 8).replacing("call 199", with: "r0 = 0"),
    record(size: 8, flags: 1).replacing("call 199", with: "r0 = 0"),
    record(
      size: 8,
      "r1 = r10\nr1 += -16\nr2 = 0\nr3 = 8\ncall 203\nif r0 == 0 goto +3\nr1 = r0\nr2 = 0\ncall 132"
    ),
    local("r1 = r10\nr1 += -16\nr2 = 0\ncall 199"),
    // Its bytes used after it is released.
    record(size: 8, word(at: 0).replacing("r6 = *(u64 *)(r0 + 0)", with: "r7 = r0"))
      .replacing("r0 = r6", with: "r0 = *(u64 *)(r7 + 0)"),
    // Made over one that is not released.
    record(size: 8).replacing(
      "r6 = r0", with: "r1 = map[idx:1]\nr2 = 8\nr3 = 0\nr4 = r10\nr4 += -16\ncall 198\nr6 = r0"),
  ])
  func `what is no dynptr is not taken for one`(text: String) throws {
    let outcome = try Self.run(text.hasSuffix("exit") ? text : text + "\nr0 = 0\nexit")
    #expect(outcome.fault != nil)
  }

  @Test func `a dynptr's bytes are named in the fault`() throws {
    let outcome = try Self.run(Self.local("r6 = *(u32 *)(r10 - 8)"))
    guard case .dynptrAccess(_, offset: -8) = outcome.fault?.kind else {
      Issue.record("not \(String(describing: outcome.fault))")
      return
    }
  }
}
