import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Foundation
import Testing

/// `bpf_spin_lock` in a map's value: 4 bytes at offset 8 of 16, between a counter and what hosts must not lose.
@Suite struct SpinLockTests {
  static func spec(kind: MapKind = .array, entries: Int = 1) -> MapSpec {
    var spec = MapSpec(
      name: "locked", kind: kind, keySize: 4, valueSize: 16, maxEntries: entries)
    spec.specialFields = [.init(.spinLock, offset: 8)]
    return spec
  }

  static func load(_ text: String, _ map: Map) throws -> LoadedProgram {
    try LoadedProgram(
      unverified: Program(
        name: "locking", slots: Assembler.assemble(text), mapNames: ["locked"]),
      type: .xdp, maps: [map])
  }

  static func run(_ text: String) throws -> (outcome: Outcome, map: Map) {
    let map = try Map(spec())
    let program = try load(text, map)
    let frame = program.makeFrame()
    try frame.load([UInt8](repeating: 0, count: 64))
    return (program.run(frame), map)
  }

  static let value = """
    *(u32 *)(r10 - 4) = 0
    r1 = map[idx:0]
    r2 = r10
    r2 += -4
    call 1
    if r0 != 0 goto found
    r0 = 1
    exit
    found: r6 = r0
    r7 = r0
    r7 += 8
    """

  static let lock = "r1 = r7\ncall 93"
  static let unlock = "r1 = r7\ncall 94"

  @Test func `threads count without losing any`() throws {
    let map = try Map(Self.spec())
    let text = """
      \(Self.value)
      r8 = 1000
      again: \(Self.lock)
      r1 = *(u64 *)(r6 + 0)
      r1 += 1
      *(u64 *)(r6 + 0) = r1
      \(Self.unlock)
      r8 += -1
      if r8 != 0 goto again
      r0 = 0
      exit
      """
    let program = try Self.load(text, map)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let frame = program.makeFrame()
      guard (try? frame.load([UInt8](repeating: 0, count: 64))) != nil else { return }
      #expect(program.run(frame).fault == nil)
    }
    let bytes = try #require(try map.get([0, 0, 0, 0]))
    #expect(Int(bytes[0]) | Int(bytes[1]) << 8 == 4000)
  }

  @Test func `a function of the program may be called with the lock held`() throws {
    let (outcome, _) = try Self.run(
      """
      \(Self.value)
      \(Self.lock)
      call inside
      \(Self.unlock)
      r0 = 0
      exit
      inside: r0 = 0
      exit
      """)
    #expect(outcome.fault == nil)
  }

  @Test func `a lock is used as a lock and nothing else`() throws {
    func kind(_ body: String) throws -> Fault.Kind? {
      try Self.run("\(Self.value)\n\(body)\nr0 = 0\nexit").outcome.fault?.kind
    }
    #expect(try kind(Self.lock) == .lockHeldAtExit)
    #expect(try kind(Self.lock + "\n" + Self.lock) == .callWhileLocked(.spinLock))
    #expect(try kind(Self.lock + "\ncall 5") == .callWhileLocked(.ktimeGetNanoseconds))
    #expect(try kind(Self.unlock) == .lockNotHeld)
    let notALock = Fault.Kind.invalidArgument(.spinLock, argument: 1, expected: .spinLock)
    for pointer in [
      "r1 = r6", "r1 = r7\nr1 += 1", "r1 = r10\nr1 += -8", "r1 = map[idx:0]", "r1 = 0",
    ] {
      #expect(try kind(pointer + "\ncall 93") == notALock)
    }
    for access in [
      "r1 = *(u32 *)(r7 + 0)", "*(u32 *)(r7 + 0) = 1", "r1 = *(u64 *)(r6 + 8)",
      "r1 = *(u8 *)(r7 + 3)", "r1 = 1\nlock *(u32 *)(r7 + 0) += r1",
    ] {
      guard case .specialField(_, .spinLock, _) = try kind(access) else {
        Issue.record("\(access) is no fault")
        continue
      }
    }
    #expect(try kind("r1 = *(u32 *)(r7 + 4)\n*(u32 *)(r7 + 4) = 1") == nil)
    #expect(try kind("r1 = r7\nr2 = 4\nr3 = 0\nr4 = r10\nr4 += -16\ncall 105") != nil)
  }

  @Test func `a fault gives the lock back`() throws {
    let map = try Map(Self.spec())
    let faulting = try Self.load("\(Self.value)\n\(Self.lock)\nr0 = *(u64 *)(r0 + 0)\nexit", map)
    let counting = try Self.load("\(Self.value)\n\(Self.lock)\n\(Self.unlock)\nr0 = 0\nexit", map)
    for program in [faulting, counting, faulting, counting] {
      let frame = program.makeFrame()
      try frame.load([UInt8](repeating: 0, count: 64))
      #expect((program.run(frame).fault == nil) == (program === counting))
    }
  }
}
