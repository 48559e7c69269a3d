import BPFISA
import BPFPlatform
import BPFRewriter
import BPFRuntime
import BPFVerifier
import TestSupport
import Testing

/// The conformance vectors as XDP programs, with their memory as the packet: verified, rewritten and run without a check.
struct ConformanceRewritingTests {
  /// The program after code that leads r1 to the packet's bytes, once they are known to be there, and makes r2 their number.
  private static func wrapped(_ vector: ConformanceVectors, packet: [UInt8]) throws -> Program {
    let prologue = try Assembler.assemble(
      """
      w2 = *(u32 *)(r1 + 4)
      w1 = *(u32 *)(r1 + 0)
      r3 = r1
      r3 += \(packet.count)
      if r3 <= r2 goto there
      r0 = 0
      exit
      there:
      r2 = \(vector.memory.count)
      """)
    return try Program(name: vector.name, slots: prologue + vector.slots)
  }

  @Test func `vectors that are safe give their results`() throws {
    var count = 0
    for vector in try ConformanceVectors.all() {
      // The shortest packet is an Ethernet header.
      let padding = max(0, 14 - vector.memory.count)
      let packet = vector.memory + [UInt8](repeating: 0, count: padding)
      guard let program = try? Self.wrapped(vector, packet: packet),
        let verified = try? Verifier(for: .xdp).verify(program)
      else { continue }
      let loaded = try LoadedProgram(Rewriter().rewrite(verified), maps: [])
      let frame = loaded.makeFrame()
      try frame.load(packet)
      let outcome = loaded.run(frame)
      #expect(outcome.fault == nil, "\(vector.name)")
      #expect(outcome.returnValue == vector.result, "\(vector.name)")
      count += 1
    }
    // What is left out is not safe, or not for XDP programs.
    #expect(count >= 480)
  }
}
