import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Random programs of every arithmetic, jump, swap, stack and atomic instruction give what the kernel's JIT gives.
@Suite struct RandomProgramTests {
  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func giveWhatTheKernelGives() throws {
    var ran = 0
    for seed in 0..<400 {
      var generator = ProgramGenerator(seed: UInt64(seed))
      let slots = try generator.program()
      let program = try Program(name: "random\(seed)", slots: slots)
      let kernel = try KernelProgram(program, type: .schedCLS, maps: [])
      let loaded = try LoadedProgram(unverified: program, type: .schedCLS, maps: [])
      let frame = loaded.makeFrame()
      let packet = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* (seed &+ 7)) }
      let expected = try kernel.run(packet).returnValue
      try frame.load(packet)
      let outcome = loaded.run(frame)
      #expect(outcome.fault == nil, "seed \(seed)")
      let text = Disassembler().text(of: program)
      #expect(UInt32(truncatingIfNeeded: outcome.returnValue) == expected, "seed \(seed):\n\(text)")
      ran += 1
    }
    #expect(ran == 400)
  }
}
