import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable import BPFVerifier

/// The state as text, before each instruction.
@Suite struct VerificationLogTests {
  @Test func `the log has the state before each instruction`() throws {
    var builder = ProgramBuilder("log")
    builder.move(.r6, .r1)
    builder.store(.double, .r10, -8, .immediate(7))
    builder.load(.r2, .word, .r1, 0)
    builder.apply(.and, .r2, .immediate(255))
    builder.move(.r0, 0)
    builder.exit()
    var states: [Int: String] = [:]
    let log = VerificationLog { slot, state in states[slot] = state }
    _ = try Verifier(for: .socketFilter).verify(builder.program(), log: log)
    #expect(states.keys.sorted() == [0, 1, 2, 3, 4, 5])
    #expect(states[0] == "R1=ctx() R10=fp0")
    #expect(states[2] == "R1=ctx() R6=ctx() R10=fp0 fp-8=7")
    #expect(
      states[3]
        == "R1=ctx() R2=scalar(smin=0,smax=umax=4294967295,var_off=(0x0; 0xffffffff)) R6=ctx() "
        + "R10=fp0 fp-8=7")
    #expect(
      states[4]
        == "R1=ctx() R2=scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff)) "
        + "R6=ctx() R10=fp0 fp-8=7")
  }
}
