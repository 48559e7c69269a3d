import TestSupport
import Testing

@testable import BPFISA

/// The table against the running kernel's verifier, which has the same rules for opcodes and unused fields.
@Suite struct KernelStrictnessTests {
  /// Registers hold values, `r2` an address on the stack; jumps forward land on padding.
  private static func program(_ slot: RawInstruction) -> [RawInstruction] {
    let before: [Instruction] = [
      .arithmetic(.move, .bits64, destination: .r6, source: .register(.r1)),
      .arithmetic(.move, .bits64, destination: .r0, source: .immediate(0)),
      .arithmetic(.move, .bits64, destination: .r2, source: .register(.r10)),
      .arithmetic(.add, .bits64, destination: .r2, source: .immediate(-8)),
      .store(.double, base: .r10, offset: -8, source: .immediate(0)),
    ]
    let second = slot.isWide ? [RawInstruction(bits: 0)] : []
    let padding = Array(
      repeating: Instruction.arithmetic(.move, .bits64, destination: .r0, source: .immediate(0)),
      count: 20)
    let after = (padding + [.exit]).compactMap { try? $0.encoded.first }
    return before.compactMap { try? $0.encoded.first } + [slot] + second + after
  }

  /// Skipped where bpf(2) is not permitted.
  @Test(.enabled(if: KernelOracle.isAvailable))
  func theKernelAgrees() {
    var agreed = 0
    var complained = 0
    let operands: [(offset: Int16, immediate: Int32)] = [
      (0, 0), (1, 0), (8, 0), (16, 0), (-1, 0), (0, 1), (0, 16), (0, 0x40), (0, 0x100), (1, 1),
    ]
    for opcode in UInt8.min ... .max {
      let isKnown = !InstructionTable.forms(opcode: opcode).isEmpty
      for source in [0, 1, 2, 11] as [UInt8] {
        for destination in [0, 11] as [UInt8] {
          for (offset, immediate) in operands.prefix(isKnown && destination == 0 ? 10 : 1) {
            let slot = RawInstruction(
              opcode: opcode, destination: destination, source: source, offset: offset,
              immediate: immediate)
            let reason = StrictnessTests.reason(decoding: [slot, RawInstruction(bits: 0)])
            switch KernelOracle.verdict(on: Self.program(slot)) {
            case .accepted:
              agreed += reason == nil ? 1 : 0
              if let reason { Issue.record("the kernel accepts \(slot.bits): \(reason)") }
            case .refused(let log):
              // Other complaints are about what the program does, or come before the kernel looks at the fields.
              guard log.contains("reserved fields") || log.contains("unknown opcode") else {
                continue
              }
              complained += 1
              // What is newer than this kernel it may not know.
              let isOld =
                switch InstructionTable.form(of: slot)?.introduction {
                case .version, nil: true
                case .linux, .assemblersOnly, .internalOnly: false
                }
              if reason == nil, isOld {
                Issue.record("the kernel refuses \(slot.bits): \(log)")
              }
            }
          }
        }
      }
    }
    #expect(agreed > 300)
    #expect(complained > 2_000)
  }
}
