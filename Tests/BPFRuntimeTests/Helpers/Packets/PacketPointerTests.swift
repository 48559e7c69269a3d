import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// Which helpers end packet pointers: where the kernel's verifier refuses a program that uses one after a call, a run of
/// it faults here, whether the call succeeds or not; where it does not, the run goes on.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct PacketPointerTests {
  /// Calls a helper between taking a packet pointer and using it.
  ///
  /// - Returns: Nil for a helper that takes or gives something else than numbers, memory and the context.
  private func program(
    calling prototype: HelperPrototype, as type: ProgramType, argument: Int32, usesPointer: Bool
  ) throws -> Program? {
    guard prototype.result == .integer, let layout = ContextLayout(for: type),
      let start = layout.field(named: "data"), let end = layout.field(named: "data_end")
    else { return nil }
    var builder = ProgramBuilder("pointer")
    builder.move(.r6, .r1)
    builder.storeBytes([UInt8](repeating: 0, count: 64), at: -64)
    builder.load(.r7, .word, .r6, Int16(start.offset))
    builder.load(.r8, .word, .r6, Int16(end.offset))
    builder.move(.r1, .r7)
    builder.apply(.add, .r1, .immediate(14))
    builder.jump(if: .greater, .r1, .register(.r8), to: "exit")
    let registers: [Register] = [.r1, .r2, .r3, .r4, .r5]
    for (register, kind) in zip(registers, prototype.arguments(in: type)) {
      switch kind {
      case .context, .contextOrNull: builder.move(register, .r6)
      case .anything: builder.move(register, argument)
      case .size, .sizeOrZero: builder.move(register, 64)
      case .memory, .memoryOrNull, .writableMemory, .uninitializedMemory, .output, .input,
        .inputOutput:
        builder.move(register, .r10)
        builder.apply(.add, register, .immediate(-64))
      default: return nil
      }
    }
    builder.call(prototype.id)
    if usesPointer { builder.load(.r0, .byte, .r7, 0) }
    builder.label("exit")
    builder.move(.r0, 1)
    builder.exit()
    return try builder.program()
  }

  @Test(arguments: [ProgramType.schedCLS, .xdp, .cgroupSKB, .lwtIn, .lwtXmit])
  func `pointers end where the kernel says`(type: ProgramType) throws {
    var seen = 0
    for prototype in HelperPrototype.all
    where ExecutionFrame.implementedHelpers.contains(prototype.id) && prototype.allowed(in: type) {
      // One that helpers refuse, and one that most take.
      for argument: Int32 in [-1, 0] {
        guard
          let control = try program(
            calling: prototype, as: type, argument: argument, usesPointer: false),
          let tested = try program(
            calling: prototype, as: type, argument: argument, usesPointer: true),
          (try? KernelProgram(control, type: type, maps: [])) != nil
        else { continue }
        seen += 1
        let isRefused = (try? KernelProgram(tested, type: type, maps: [])) == nil
        let loaded = try LoadedProgram(unverified: tested, type: type, maps: [])
        let frame = loaded.makeFrame()
        try frame.load(PacketSamples.ipv4Frames[1])
        let fault = loaded.run(frame).fault
        if case .stalePacketPointer = fault?.kind {
          #expect(isRefused, "the kernel keeps pointers over \(prototype.name)")
        } else {
          #expect(!isRefused, "the kernel ends pointers at \(prototype.name)")
          #expect(fault == nil, "\(prototype.name)")
        }
      }
    }
    #expect(seen > 20)
  }
}
