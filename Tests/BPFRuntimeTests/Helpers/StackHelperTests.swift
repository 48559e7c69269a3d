import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// `bpf_get_stack` and `bpf_get_stackid`, and the task a program runs for.
@Suite struct StackHelperTests {
  static let stacks = MapSpec(
    name: "stacks", kind: .stackTrace, keySize: 4, valueSize: 32, maxEntries: 64)
  static let results = MapSpec(
    name: "results", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1,
    contents: [.init(key: [0, 0, 0, 0], value: .bytes([UInt8](repeating: 0xcc, count: 64)))])

  static func run(
    _ text: String, maps: [Map]? = nil, type: ProgramType = .raw,
    preparing: (ExecutionFrame) -> Void = { _ in }
  ) throws -> (program: LoadedProgram, outcome: Outcome, results: [UInt64]) {
    let maps = try maps ?? [Map(stacks), Map(results)]
    let program = try LoadedProgram(
      unverified: Program(
        name: "calls", slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name)),
      type: type, maps: maps)
    let frame = program.makeFrame()
    preparing(frame)
    try frame.load([UInt8](repeating: 0, count: 64))
    let outcome = program.run(frame)
    let bytes = try maps[1].get([0, 0, 0, 0]) ?? []
    let words = stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    return (program, outcome, words)
  }

  static func nested(_ call: String) -> String {
    """
    r6 = r1
    call first
    exit
    first: call second
    exit
    second: \(call)
    exit
    """
  }

  static func getStack(size: Int, flags: Int) -> String {
    nested("r2 = map[idx:1][0]+0\nr3 = \(size)\nr4 = \(flags)\ncall 67")
  }

  static func getStackID(_ flags: Int) -> String {
    nested("r2 = map[idx:0]\nr3 = \(flags)\ncall 27")
  }

  @Test func `a stack names the calls it is in`() throws {
    let (program, outcome, words) = try Self.run(Self.getStack(size: 64, flags: 0))
    #expect(outcome.fault == nil && outcome.returnValue == 24)
    #expect(words[3...] == [0, 0, 0, 0, 0])
    let locations = words.prefix(3).map { program.location(ofStackAddress: $0) }
    #expect(locations.map { $0?.slot } == [9, 3, 1])
    #expect(program.location(ofStackAddress: 0) == nil)
    let other = try LoadedProgram(
      unverified: Program(name: "other", slots: Assembler.assemble("r0 = 0\nexit")), type: .raw,
      maps: [])
    #expect(other.location(ofStackAddress: words[0]) == nil)
    let again = try Self.run(Self.getStack(size: 64, flags: 0)).results
    #expect(again == words)
  }

  @Test func `errors of a stack are the kernel's`() throws {
    let empty: UInt64 = 0xcccc_cccc_cccc_cccc
    func check(_ size: Int, _ flags: Int, _ expected: Int64, first: UInt64? = nil) throws {
      let (_, outcome, words) = try Self.run(Self.getStack(size: size, flags: flags))
      #expect(outcome.fault == nil)
      #expect(Int64(bitPattern: outcome.returnValue) == expected)
      if let first { #expect(words[0] == first) }
    }
    try check(8, 0, 8)
    try check(8, 2, 8)
    try check(8, 3, 0, first: 0)
    try check(8, 4, -14, first: 0)
    try check(12, 0, -22)
    try check(8, 1 << 8, -14, first: 0)
    try check(8, 1 << 9, -22, first: 0)
    try check(32, 1 << 11, -22, first: 0)
    try check(0, 0, 0, first: empty)
  }

  @Test func `a stack has one number in its map`() throws {
    let map = try Map(Self.stacks)
    func number(_ flags: Int) throws -> Int64 {
      let outcome = try Self.run(Self.getStackID(flags), maps: [map, Map(Self.results)]).outcome
      #expect(outcome.fault == nil)
      return Int64(bitPattern: outcome.returnValue)
    }
    let first = try number(0)
    #expect((0..<64).contains(first))
    #expect(try number(0) == first)
    #expect(try number(3) == -14)
    #expect(try number(1 << 8) == -14)
    #expect(try number(1 << 11) == -22)
    let keys = try map.nextKey(after: nil)
    #expect(keys == [UInt8(first), 0, 0, 0])
    let value = try #require(try map.get([UInt8(first), 0, 0, 0]))
    #expect(value.count == 32 && value[24...].allSatisfy { $0 == 0 } && value[23] == 0xbf)
    #expect(try map.delete([UInt8(first), 0, 0, 0]))
    #expect(try map.get([UInt8(first), 0, 0, 0]) == nil)
  }

  @Test func `a bucket holds one stack`() throws {
    var spec = Self.stacks
    spec.maxEntries = 1
    let map = try Map(spec)
    func number(_ flags: Int) throws -> Int64 {
      try Int64(
        bitPattern: Self.run(Self.getStackID(flags), maps: [map, Map(Self.results)]).outcome
          .returnValue)
    }
    #expect(try number(0) == 0)
    #expect(try number(1) == -17)
    #expect(try number(1 | 1 << 10) == 0)
    #expect(try number(0) == -17)
  }

  @Test func `the task is what the host says`() throws {
    func value(
      _ text: String, _ type: ProgramType = .xdp, _ preparing: (ExecutionFrame) -> Void
    ) throws -> UInt64 {
      let (_, outcome, _) = try Self.run(text + "\nexit", type: type, preparing: preparing)
      #expect(outcome.fault == nil)
      return outcome.returnValue
    }
    #expect(try value("call 35") { _ in } != 0)
    #expect(try value("call 35") { $0.taskAddress = 77 } == 77)
    let namespace = """
      r1 = 4
      r2 = 5
      r3 = r10
      r3 += -8
      r4 = 8
      call 120
      r1 = *(u64 *)(r10 - 8)
      if r0 == 0 goto known
      r1 |= r0
      known: r0 = r1
      """
    var task = TaskIdentity(processID: 2, threadID: 1, userID: 0, groupID: 0, name: "t")
    #expect(try value(namespace) { $0.task = task } == UInt64(bitPattern: -22))
    task.processNamespace = .init(device: 4, inode: 5)
    #expect(try value(namespace) { $0.task = task } == 2 << 32 | 1)
  }
}
