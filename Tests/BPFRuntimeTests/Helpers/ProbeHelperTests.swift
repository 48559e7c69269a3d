import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// The `bpf_probe_read` family, and `bpf_snprintf`, which reads memory the same way.
@Suite struct ProbeHelperTests {
  static let values = MapSpec(
    name: "values", kind: .array, keySize: 4, valueSize: 16, maxEntries: 1,
    contents: [
      .init(key: [0, 0, 0, 0], value: .bytes(Array("some text\0abcdef".utf8)))
    ])
  static let results = MapSpec(
    name: "results", kind: .array, keySize: 4, valueSize: 32, maxEntries: 1,
    contents: [.init(key: [0, 0, 0, 0], value: .bytes([UInt8](repeating: 0xcc, count: 32)))])

  static func program(_ text: String, _ maps: [MapSpec] = [values, results]) throws
    -> ComparedProgram
  {
    try ComparedProgram(
      Program(name: "probe", slots: Assembler.assemble(text), mapNames: maps.map(\.name)),
      type: .xdp, maps: maps)
  }

  static func run(
    _ compared: ComparedProgram, preparing: (ExecutionFrame) -> Void = { _ in }
  ) throws -> (outcome: Outcome, results: [UInt8]) {
    let maps = try compared.maps.map { spec throws in try Map(spec) }
    let loaded = try LoadedProgram(unverified: compared.program, type: .xdp, maps: maps)
    let frame = loaded.makeFrame()
    preparing(frame)
    try frame.load([UInt8](repeating: 0, count: 64))
    return (loaded.run(frame), try maps[1].get([0, 0, 0, 0]) ?? [])
  }

  static func probing(_ helper: Int, size: Int, from source: String) -> String {
    """
    \(source)
    r1 = map[idx:1][0]+0
    r2 = \(size)
    call \(helper)
    exit
    """
  }

  static let sources = [
    "r3 = map[idx:0][0]+0", "r3 = map[idx:0][0]+5", "r3 = 0", "r3 = 1",
    "r3 = 0xdead000000000000 ll", "r3 = -8",
    "r1 = 0x4141414141414141 ll\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 8) = 0\nr3 = r10\nr3 += -16",
  ]

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `probes read what the kernel reads`() throws {
    let packet = [UInt8](repeating: 0, count: 64)
    for source in Self.sources {
      for helper in [113, 115] {
        for size in [0, 1, 4, 9, 10, 11] {
          try expectSameAsKernel(
            Self.program(Self.probing(helper, size: size, from: source)), on: [packet])
        }
      }
    }
    // No process has such addresses.
    for helper in [112, 114] {
      try expectSameAsKernel(
        Self.program(Self.probing(helper, size: 8, from: Self.sources[4])), on: [packet])
    }
  }

  @Test func `what the host grants can be read, and nothing else`() throws {
    let address: UInt64 = 0xffff_8881_0000_1000
    let source = "r3 = 0xffff888100001000 ll"
    func probe(_ helper: Int, _ size: Int, _ bytes: [UInt8]?) throws -> (Int64, [UInt8]) {
      let (outcome, results) = try Self.run(
        Self.program(Self.probing(helper, size: size, from: source))
      ) { frame in
        if let bytes { frame.grantMemory(at: address, bytes) }
      }
      #expect(outcome.fault == nil)
      return (Int64(bitPattern: outcome.returnValue), Array(results.prefix(size + 1)))
    }
    let text = Array("abc\0def".utf8)
    for helper in [112, 113] {
      #expect(try probe(helper, 4, text) == (0, Array("abc\0".utf8) + [0xcc]))
      #expect(try probe(helper, 8, text) == (-14, [UInt8](repeating: 0, count: 8) + [0xcc]))
      #expect(try probe(helper, 8, nil) == (-14, [UInt8](repeating: 0, count: 8) + [0xcc]))
    }
    for helper in [114, 115] {
      #expect(try probe(helper, 6, text) == (4, Array("abc\0".utf8) + [0xcc, 0xcc, 0xcc]))
      #expect(try probe(helper, 3, text) == (3, Array("ab\0".utf8) + [0xcc]))
      #expect(try probe(helper, 4, [1, 2]) == (-14, [0, 0, 0, 0, 0xcc]))
    }
  }

  /// A format in a frozen map, and one argument block on the stack.
  static func formatting(
    _ format: String, size: Int, arguments: [String], argumentsSize: Int? = nil
  ) throws -> ComparedProgram {
    // As long as the longest thing that is read there as an argument.
    let bytes = Array(format.utf8) + [UInt8](repeating: 0, count: 16)
    let spec = MapSpec(
      name: "format", kind: .array, keySize: 4, valueSize: bytes.count, maxEntries: 1,
      flags: .readOnlyForPrograms, contents: [.init(key: [0, 0, 0, 0], value: .bytes(bytes))],
      isFrozen: true)
    var text = ""
    for (index, argument) in arguments.enumerated() {
      text += "\(argument)\n*(u64 *)(r10 - \(8 * (arguments.count - index))) = r1\n"
    }
    text += """
      r1 = map[idx:1][0]+0
      r2 = \(size)
      r3 = map[idx:0][0]+0
      r4 = r10
      r4 += -\(8 * arguments.count)
      \(arguments.isEmpty ? "r4 = 0" : "")
      r5 = \(argumentsSize ?? 8 * arguments.count)
      call 165
      exit
      """
    return try program(text, [spec, results])
  }

  static let formats: [(String, [String])] = [
    ("plain", []), ("", []), ("100%%", []), ("%d %u %x", ["r1 = -1", "r1 = -1", "r1 = -1"]),
    (
      "%ld %lld %lx",
      ["r1 = -1", "r1 = 1 << 3", "r1 = -1"].map { $0.replacing("1 << 3", with: "8") }
    ),
    ("%08x|%-8d|%+d|% d", ["r1 = 255", "r1 = 5", "r1 = 5", "r1 = 5"]),
    ("%c%c", ["r1 = 65", "r1 = 66"]), ("%s!", ["r1 = map[idx:0][0]+0"]),
    ("%pks", ["r1 = map[idx:0][0]+0"]), ("%s", ["r1 = 0"]),
    (
      "%pI4 %pi4",
      [
        "r1 = map[idx:0][0]+0", "r1 = map[idx:0][0]+0",
      ]
    ), ("%pI6", ["r1 = map[idx:0][0]+0"]), ("%px", ["r1 = 4096"]), ("%20d", ["r1 = 7"]),
    ("%50d", ["r1 = 7"]), ("0123456789012345678901234567890123456789", []),
  ]

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `texts are the kernel's`() throws {
    let packet = [UInt8](repeating: 0, count: 64)
    for (format, arguments) in Self.formats {
      for size in [32, 6, 1] {
        try expectSameAsKernel(
          Self.formatting(format, size: size, arguments: arguments), on: [packet])
      }
    }
  }

  @Test func `a text is cut off where its buffer ends`() throws {
    let (outcome, results) = try Self.run(
      Self.formatting("<%d>", size: 4, arguments: ["r1 = 1234"]))
    #expect(outcome.fault == nil && outcome.returnValue == 7)
    #expect(Array(results.prefix(5)) == Array("<12\0".utf8) + [0xcc])
    let unknown = try Self.run(Self.formatting("%q", size: 4, arguments: ["r1 = 1"])).outcome
    #expect(Int64(bitPattern: unknown.returnValue) == -22)
    let odd = try Self.run(
      Self.formatting("%d", size: 4, arguments: ["r1 = 1"], argumentsSize: 7)
    ).outcome
    #expect(Int64(bitPattern: odd.returnValue) == -22)
  }
}
