import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// The barrier of rewritten programs, which looks like a call and is none.
struct SpeculationBarrierTests {
  @Test(arguments: [ProgramEngine.interpreter, .jit])
  func `a barrier changes no register`(engine: ProgramEngine) throws {
    let text = """
      r0 = 1
      r1 = 2
      r2 = 4
      r3 = 8
      r4 = 16
      r5 = 32
      *(u64 *)(r10 - 8) = 64
      r6 = *(u64 *)(r10 - 8)
      call 0x10004
      *(u64 *)(r10 - 8) = 0
      r0 += r1
      r0 += r2
      r0 += r3
      r0 += r4
      r0 += r5
      r0 += r6
      exit
      """
    let program = try Program(name: "barrier", slots: Assembler.assemble(text))
    let loaded = unsafe try LoadedProgram(
      unchecked: program, type: .raw, maps: [], engine: engine)
    #expect(loaded.engine == engine)
    let frame = loaded.makeFrame()
    try frame.load([0])
    #expect(loaded.run(frame).returnValue == 127)
  }
}
