import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Helpers that call functions of the program.
@Suite struct CallbackTests {
  static func program(_ text: String, maps: [MapSpec] = []) throws -> ComparedProgram {
    try ComparedProgram(
      Program(name: "callback", slots: Assembler.assemble(text), mapNames: maps.map(\.name)),
      type: .xdp, maps: maps)
  }

  static func run(
    _ compared: ComparedProgram, maps: [Map]? = nil, budget: Int = LoadedProgram.defaultBudget
  ) throws -> Outcome {
    let loaded = try LoadedProgram(
      unverified: compared.program, type: compared.type,
      maps: maps ?? compared.maps.map { spec throws in try Map(spec) })
    let frame = loaded.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return loaded.run(frame, budget: budget)
  }

  /// Sums the indices below `count` in a stack word, up to one at which the callback says stop.
  static func summing(count: String, flags: Int = 0, stop: Int = 1 << 30) -> String {
    """
    *(u64 *)(r10 - 8) = 0
    r6 = 42
    r1 = \(count)
    r2 = subprog[add]
    r3 = r10
    r3 += -8
    r4 = \(flags)
    call 181
    r1 = *(u64 *)(r10 - 8)
    r0 <<= 16
    r0 += r1
    r0 += r6
    exit
    add: r3 = *(u64 *)(r2 + 0)
    r3 += r1
    *(u64 *)(r2 + 0) = r3
    r0 = 0
    if r1 != \(stop) goto out
    r0 = 1
    out: exit
    """
  }

  static let loops = [
    summing(count: "0"), summing(count: "1"), summing(count: "100"),
    summing(count: "100", stop: 7), summing(count: "100", stop: 99),
    summing(count: "100", flags: 1),
    summing(count: "8388608", stop: 7), summing(count: "8388609"), summing(count: "-1"),
  ]

  /// Counts and sums the entries of map 0; deletes those it visits, or stops, where asked.
  static func visiting(isDeleting: Bool = false, stop: Bool = false, flags: Int = 0) -> String {
    """
    *(u64 *)(r10 - 8) = 0
    r1 = map[idx:0]
    r2 = subprog[visit]
    r3 = r10
    r3 += -8
    r4 = \(flags)
    call 164
    r1 = *(u64 *)(r10 - 8)
    r0 <<= 16
    r0 += r1
    exit
    visit: r6 = r1
    r7 = r2
    r1 = *(u32 *)(r2 + 0)
    r1 *= 3
    r2 = *(u64 *)(r3 + 0)
    r1 += r2
    *(u64 *)(r3 + 0) = r1
    r2 = *(u64 *)(r4 + 0)
    r1 += r2
    *(u64 *)(r4 + 0) = r1
    \(isDeleting ? "r1 = r6\nr2 = r7\ncall 3" : "")
    r0 = \(stop ? 1 : 0)
    exit
    """
  }

  static func map(_ kind: MapKind, entries: Int, of size: Int = 8) -> MapSpec {
    MapSpec(
      name: "entries", kind: kind, keySize: 4, valueSize: 8, maxEntries: size,
      contents: (0..<entries).map {
        .init(key: [UInt8($0), 0, 0, 0], value: .bytes([UInt8($0 + 1), 0, 0, 0, 0, 0, 0, 0]))
      })
  }

  @Test func `bpf_loop counts what it ran`() throws {
    func value(_ index: Int) throws -> Int64 {
      let outcome = try Self.run(Self.program(Self.loops[index]))
      #expect(outcome.fault == nil)
      return Int64(bitPattern: outcome.returnValue)
    }
    #expect(try value(0) == 42)
    #expect(try value(2) == 100 << 16 + 4950 + 42)
    #expect(try value(3) == 8 << 16 + 28 + 42)
    #expect(try value(5) == -22 << 16 + 42)
    #expect(try value(7) == -7 << 16 + 42)
  }

  @Test func `the budget counts the instructions of callbacks`() throws {
    let compared = try Self.program(Self.loops[2])
    let whole = 13 + 100 * 6
    #expect(try Self.run(compared).instructions == whole)
    let exact = try Self.run(compared, budget: whole)
    #expect(exact.fault == nil && exact.instructions == whole)
    for budget in [1, 9, 10, 100, whole - 1] {
      let outcome = try Self.run(compared, budget: budget)
      #expect(outcome.fault?.kind == .budgetExhausted(budget))
      #expect(outcome.instructions == budget)
    }
  }

  /// A walk over a large map with few entries passes many buckets between two calls.
  @Test func `the budget bounds the buckets of walks`() throws {
    let text = Self.visiting()
    let map = try Map(Self.map(.hash, entries: 3, of: 1 << 16))
    let compared = try Self.program(text, maps: [map.spec])
    let whole = try Self.run(compared, maps: [map])
    #expect(whole.fault == nil)
    #expect(whole.returnValue >> 16 == 3)
    let count = try #require(whole.instructions)
    #expect(count < 1000)
    let short = try Self.run(compared, maps: [map], budget: count)
    #expect(short.fault?.kind == .budgetExhausted(count))
  }

  @Test func `a fault in a callback is reported where it happens`() throws {
    let outcome = try Self.run(
      Self.program(
        """
        r1 = 3
        r2 = subprog[fail]
        r3 = 0
        r4 = 0
        call 181
        exit
        fail: r0 = *(u64 *)(r1 + 0)
        exit
        """))
    #expect(outcome.fault?.slot == 7)
    guard case .outOfBounds = outcome.fault?.kind else {
      Issue.record("not \(String(describing: outcome.fault))")
      return
    }
  }

  @Test(arguments: [
    "r0 = 2\nexit", "r0 = -1\nexit", "exit", "r0 = r6\nexit", "r0 = r3\nexit",
    "r0 = 0\n*(u64 *)(r10 - 520) = 0\nexit",
  ])
  func `callbacks answer 0 or 1 and have registers and a stack of their own`(body: String) throws {
    let outcome = try Self.run(
      Self.program(
        """
        r6 = 0
        r1 = 3
        r2 = subprog[callback]
        r3 = 0
        r4 = 0
        call 181
        r0 = 0
        exit
        callback: \(body)
        """))
    #expect(outcome.fault != nil)
  }

  @Test func `callbacks nest as deep as calls do`() throws {
    func nested(_ depth: Int) throws -> Outcome {
      let functions = (1...depth).map { level in
        """
        f\(level): r1 = 2
        r2 = subprog[f\(level + 1)]
        r3 = 0
        r4 = 0
        call 181
        r0 = 0
        exit
        """
      }
      return try Self.run(
        Self.program(
          "call f1\nexit\n" + functions.joined(separator: "\n")
            + "\nf\(depth + 1): r0 = 0\nexit"))
    }
    #expect(try nested(6).fault == nil)
    #expect(try nested(7).fault?.kind == .callDepthExceeded)
  }

  @Test(arguments: [0, 1 << 40, 4096])
  func `only functions are called`(address: Int) throws {
    let outcome = try Self.run(
      Self.program("r1 = 3\nr2 = \(address) ll\nr3 = 0\nr4 = 0\ncall 181\nexit"))
    guard case .invalidArgument(.loop, argument: 2, expected: .function) = outcome.fault?.kind
    else {
      Issue.record("not \(String(describing: outcome.fault))")
      return
    }
  }

  @Test(arguments: [MapKind.array, .perCPUArray, .hash, .perCPUHash, .lruHash])
  func `every element is visited`(kind: MapKind) throws {
    let compared = try Self.program(Self.visiting(), maps: [Self.map(kind, entries: 8)])
    let outcome = try Self.run(compared)
    #expect(outcome.fault == nil)
    let sum = (0..<8).reduce(UInt64(0)) { sum, key in sum + UInt64(3 * key + key + 1) }
    #expect(outcome.returnValue == 8 << 16 + sum)
  }

  @Test func `elements may be removed while they are visited`() throws {
    let compared = try Self.program(
      Self.visiting(isDeleting: true), maps: [Self.map(.hash, entries: 100, of: 128)])
    let maps = try compared.maps.map { spec throws in try Map(spec) }
    let outcome = try Self.run(compared, maps: maps)
    #expect(outcome.fault == nil && outcome.returnValue >> 16 == 100)
    #expect(try maps[0].entries().isEmpty)
  }

  @Test func `a key is read only`() throws {
    let text = Self.visiting().replacing(
      "r1 *= 3", with: "r1 *= 3\n*(u32 *)(r7 + 0) = r1")
    for kind in [MapKind.array, .hash] {
      let outcome = try Self.run(Self.program(text, maps: [Self.map(kind, entries: 2)]))
      guard case .notPermitted(_, .mapKey) = outcome.fault?.kind else {
        Issue.record("not \(String(describing: outcome.fault))")
        return
      }
    }
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `loops give what the kernel gives`() throws {
    let packet = [UInt8](repeating: 0, count: 64)
    for text in Self.loops {
      try expectSameAsKernel(Self.program(text), on: [packet])
    }
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `walks give what the kernel gives`() throws {
    let packet = [UInt8](repeating: 0, count: 64)
    for kind in [MapKind.array, .perCPUArray, .hash, .perCPUHash, .lruHash] {
      for entries in [0, 1, 8] {
        let map = Self.map(kind, entries: entries)
        let isArray = kind == .array || kind == .perCPUArray
        var texts = [Self.visiting(), Self.visiting(flags: 1)]
        if entries < 2 || isArray { texts.append(Self.visiting(stop: true)) }
        if !isArray { texts.append(Self.visiting(isDeleting: true)) }
        for text in texts {
          try expectSameAsKernel(Self.program(text, maps: [map]), on: [packet])
        }
      }
    }
  }
}
