import BPFISA
import BPFPlatform
import BPFVerifier
import Testing

/// Programs whose context and helpers are a host's own.
struct HostContextTests {
  private struct Request: BitwiseCopyable {
    var id: UInt64 = 0
    var priority: UInt32 = 0
  }

  private static let layout: ContextLayout = {
    var layout = TypedContextLayout<Request>("request")
    layout.field("priority", \.priority, .readWrite)
    layout.field("id", \.id)
    layout.packet("body")
    return layout.layout
  }()

  private func verify(_ text: String, helpers: [HelperPrototype] = []) throws -> VerifiedProgram {
    var options = VerifierOptions()
    options.hostHelpers = helpers
    return try Verifier(for: .hostDefined, context: Self.layout, options: options)
      .verify(Program(name: "program", slots: Assembler.assemble(text)))
  }

  @Test func `fields are accessed as they are declared`() throws {
    let accepted = try verify(
      """
      r0 = *(u64 *)(r1 + 8)
      *(u32 *)(r1 + 0) = r0
      r0 = *(u8 *)(r1 + 3)
      exit
      """)
    #expect(accepted.context == Self.layout)
    #expect(accepted.facts.map(\.access) == [.context, .context, .context, nil])
    #expect {
      try verify("*(u64 *)(r1 + 8) = 0\nr0 = 0\nexit")
    } throws: { error in
      guard
        case .contextField(.r1, offset: 8, size: 8, isWrite: true) = (error as? Rejection)?.problem
      else { return false }
      return true
    }
    #expect(throws: Rejection.self) { try verify("r0 = *(u32 *)(r1 + 4)\nexit") }
    #expect(throws: Rejection.self) { try verify("r0 = *(u8 *)(r1 + 32)\nexit") }
  }

  /// Pointers have 64 bits, and what they lead to is compared before it is read.
  @Test func `a packet is read as far as it was compared`() throws {
    func text(offset: Int) -> String {
      """
      r0 = 0
      r2 = *(u64 *)(r1 + 16)
      r3 = *(u64 *)(r1 + 24)
      r4 = r2
      r4 += 4
      if r4 > r3 goto end
      r0 = *(u8 *)(r2 + \(offset))
      end:
      exit
      """
    }
    #expect(try verify(text(offset: 3)).facts[6].access == .packet)
    #expect {
      try verify(text(offset: 4))
    } throws: { ($0 as? Rejection)?.category == .packetBounds }
  }

  @Test func `a host's helpers are held to their prototypes`() throws {
    let helper = HelperPrototype(
      id: .firstOfHost, name: "is_blocked", arguments: [.memory, .size], result: .integer)
    func text(size: Int) -> String {
      """
      *(u64 *)(r10 - 8) = 0
      r1 = r10
      r1 += -8
      r2 = \(size)
      call 0x20000
      exit
      """
    }
    _ = try verify(text(size: 8), helpers: [helper])
    #expect { try verify(text(size: 9), helpers: [helper]) } throws: {
      ($0 as? Rejection)?.category == .stackBounds
    }
    #expect { try verify(text(size: 8)) } throws: {
      guard case .noSuchHelper(.firstOfHost) = ($0 as? Rejection)?.problem else { return false }
      return true
    }
  }
}
