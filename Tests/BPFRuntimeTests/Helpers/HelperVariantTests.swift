import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// Helpers whose arguments are others in programs of some types.
@Suite struct HelperVariantTests {
  private static func run(_ text: String, _ type: ProgramType) throws -> Outcome {
    let program = try LoadedProgram(
      unverified: Program(name: "variant", slots: Assembler.assemble(text), mapNames: []),
      type: type, maps: [])
    let frame = program.makeFrame()
    if frame.layout != nil { try frame.load([UInt8](repeating: 0, count: 64)) }
    return program.run(frame)
  }

  @Test func `get_cgroup_classid takes the context in traffic control alone`() throws {
    let call = "call 17\nexit"
    let plain = try Self.run("r1 = 7\n" + call, .cgroupSKB)
    #expect(plain.fault == nil && plain.returnValue == 0)
    #expect(try Self.run(call, .schedCLS).fault == nil)
    let number = try Self.run("r1 = 7\n" + call, .schedCLS)
    #expect(
      number.fault?.kind == .invalidArgument(.getCgroupClassID, argument: 1, expected: .context))
    // A call that takes nothing leaves nothing in r1.
    let missing = try Self.run("call 5\n" + call, .schedCLS)
    #expect(missing.fault?.kind == .uninitializedRegister(.r1))
    #expect(try Self.run("call 5\n" + call, .cgroupSKB).fault == nil)
  }

  @Test func `get_socket_cookie takes a socket or null in tracing`() throws {
    let call = "call 46\nexit"
    let none = try Self.run("r1 = 0\n" + call, .tracing)
    #expect(none.fault == nil && none.returnValue == 0)
    let number = try Self.run("r1 = 1\n" + call, .tracing)
    #expect(
      number.fault?.kind
        == .invalidArgument(.getSocketCookie, argument: 1, expected: .socketCommonOrNull))
    #expect(try Self.run(call, .schedCLS).fault == nil)
    let null = try Self.run("r1 = 0\n" + call, .schedCLS)
    #expect(
      null.fault?.kind == .invalidArgument(.getSocketCookie, argument: 1, expected: .context))
  }
}
