import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import BPFVerifier
import Testing

/// Programs on a host's own context, with helpers of its own, in both engines.
struct HostPlatformTests {
  private struct Request: BitwiseCopyable {
    var id: UInt64 = 7
    var priority: UInt32 = 3
    var tag = InlineArray<4, UInt8>(repeating: 9)
  }

  private static let layout: TypedContextLayout<Request> = {
    var layout = TypedContextLayout<Request>("request")
    layout.field("priority", \.priority, .readWrite)
    layout.field("id", \.id)
    layout.field("tag", \.tag, .readWrite)
    layout.packet("body")
    return layout
  }()

  private static let sum = HostHelper(.firstOfHost, "sum", [.memory, .size]) { arguments in
    arguments.withBytes(0) { bytes in
      (0..<bytes.byteCount).reduce(0) {
        $0 + UInt64(unsafe bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self))
      }
    }
  }

  private static let fill = HostHelper(
    HelperID(rawValue: 0x20005), "fill", [.context, .uninitializedMemory, .size, .anything]
  ) { arguments in
    arguments.withMutableBytes(1) { bytes in
      for index in 0..<bytes.byteCount {
        bytes.storeBytes(
          of: UInt8(truncatingIfNeeded: arguments[3]), toByteOffset: index, as: UInt8.self)
      }
    }
    return (arguments.frame.hostState as? Box<UInt64>)?.value ?? 0
  }

  private static let host = HostPlatform(
    context: layout.layout,
    helpers: HostHelpers([
      sum, fill,
      unsafe HostHelper(HelperID(rawValue: 0x20001), "multiply", [.anything, .anything]) {
        a, b, _, _, _ in
        a &* b
      },
    ]))

  enum Engine: CaseIterable {
    case checked, verified
  }

  private static func load(_ text: String, in engine: Engine) throws -> LoadedProgram {
    let program = try Program(name: "program", slots: Assembler.assemble(text))
    guard engine != .checked else {
      return try LoadedProgram(unverified: program, type: .hostDefined, maps: [], host: host)
    }
    var options = VerifierOptions()
    options.hostHelpers = host.helpers.prototypes
    let verified = try Verifier(for: .hostDefined, context: host.context, options: options)
      .verify(program)
    return try LoadedProgram(Rewriter().rewrite(verified), maps: [], helpers: host.helpers)
  }

  private func run(
    _ text: String, in engine: Engine, on request: inout Request, body: [UInt8] = [],
    state: UInt64? = nil
  ) throws -> UInt64 {
    let program = try Self.load(text, in: engine)
    let frame = program.makeFrame()
    frame.hostState = state.map(Box.init)
    let outcome = unsafe program.run(
      frame, on: &request, in: Self.layout, packet: body.span.bytes)
    #expect(outcome.fault == nil)
    return outcome.returnValue
  }

  @Test(arguments: Engine.allCases) func `fields are read and written`(engine: Engine) throws {
    var request = Request()
    let value = try run(
      """
      r0 = *(u64 *)(r1 + 8)
      w2 = *(u32 *)(r1 + 0)
      r0 += r2
      *(u32 *)(r1 + 0) = 1000
      *(u8 *)(r1 + 18) = 5
      w2 = *(u8 *)(r1 + 17)
      r0 += r2
      exit
      """, in: engine, on: &request)
    #expect(value == 7 + 3 + 9)
    #expect(request.priority == 1000)
    #expect(request.id == 7)
    #expect(request.tag[1] == 9 && request.tag[2] == 5)
  }

  @Test(arguments: Engine.allCases) func `the body is read as far as it goes`(engine: Engine) throws
  {
    let text = """
      r0 = 0
      r2 = *(u64 *)(r1 + 24)
      r3 = *(u64 *)(r1 + 32)
      r4 = r2
      r4 += 3
      if r4 > r3 goto end
      w0 = *(u8 *)(r2 + 2)
      end:
      exit
      """
    var request = Request()
    #expect(try run(text, in: engine, on: &request, body: [4, 5, 6]) == 6)
    #expect(try run(text, in: engine, on: &request, body: [4, 5]) == 0)
    #expect(try run(text, in: engine, on: &request) == 0)
  }

  @Test(arguments: Engine.allCases) func `helpers of the host are called`(engine: Engine) throws {
    var request = Request()
    let value = try run(
      """
      r6 = r1
      r2 = r10
      r2 += -8
      r3 = 8
      r4 = 3
      call 0x20005
      r7 = r0
      r1 = r10
      r1 += -6
      r2 = 5
      call 0x20000
      r1 = r0
      r2 = r7
      call 0x20001
      exit
      """, in: engine, on: &request, state: 11)
    #expect(value == 15 * 11)
  }

  /// What the frame has is what the program was verified for.
  @Test func `programs are loaded with what they were verified for`() throws {
    let program = try Program(
      name: "program", slots: Assembler.assemble("r1 = 2\nr2 = 3\ncall 0x20001\nexit"))
    var options = VerifierOptions()
    options.hostHelpers = Self.host.helpers.prototypes
    let verified = try Verifier(for: .hostDefined, context: Self.layout.layout, options: options)
      .verify(program)
    #expect(verified.hostHelpers.map(\.name) == ["multiply"])
    let rewritten = try Rewriter().rewrite(verified)
    #expect(throws: LoadError.helperDiffers(program: "program", HelperID(rawValue: 0x20001))) {
      try LoadedProgram(rewritten, maps: [])
    }
    #expect(throws: LoadError.helperDiffers(program: "program", HelperID(rawValue: 0x20001))) {
      try LoadedProgram(
        rewritten, maps: [],
        helpers: HostHelpers([HostHelper(HelperID(rawValue: 0x20001), "multiply") { _ in 0 }]))
    }
  }

  @Test func `maps are those that a program was verified with`() throws {
    var spec = MapSpec(name: "map", kind: .array, keySize: 4, valueSize: 8, maxEntries: 4)
    let program = try Program(
      name: "program", slots: Assembler.assemble("r0 = 0\nexit"), mapNames: ["map"])
    let rewritten = try Rewriter().rewrite(Verifier(for: .xdp).verify(program, maps: [spec]))
    _ = try LoadedProgram(rewritten, maps: [Map(spec)])
    spec.maxEntries = 3
    #expect(throws: LoadError.mapDiffers(program: "program", map: "map")) {
      try LoadedProgram(rewritten, maps: [Map(spec)])
    }
    #expect(throws: LoadError.mapCount(program: "program", expected: 1, found: 0)) {
      try LoadedProgram(rewritten, maps: [])
    }
  }
}
