import Foundation
import TestSupport
import Testing

@testable import BPFISA

/// The kernel's dialect, beside what the running kernel's verifier prints of the same instructions.
@Suite struct KernelTextTests {
  private static let disassembler = Disassembler(style: TextStyle(dialect: .kernel))

  @Test func `writes as the kernel does`() throws {
    let cases: [(Instruction, String)] = [
      (
        .load(.word, signExtended: false, destination: .r2, base: .r1, offset: 0),
        "(61) r2 = *(u32 *)(r1 +0)"
      ),
      (
        .load(.half, signExtended: true, destination: .r2, base: .r10, offset: -4),
        "(89) r2 = *(s16 *)(r10 -4)"
      ),
      (
        .store(.double, base: .r10, offset: -8, source: .immediate(-5)),
        "(7a) *(u64 *)(r10 -8) = -5"
      ),
      (
        .jumpIf(.signedGreater, .bits32, .r2, .immediate(-7), offset: 12),
        "(66) if w2 s> 0xfffffff9 goto pc+12"
      ),
      (.jumpIf(.bitsSet, .bits64, .r2, .register(.r3), offset: -2), "(4d) if r2 & r3 goto pc-2"),
      (.jump(offset: 0), "(05) goto pc+0"),
      (.jumpLong(offset: -70000), "(06) gotol pc-70000"),
      (.mayGoto(offset: 3), "(e5) may_goto pc+3"),
      (.arithmetic(.move, .bits32, destination: .r0, source: .immediate(-4)), "(b4) w0 = -4"),
      (.negate(.bits32, destination: .r3), "(84) w3 = -w3"),
      (
        .moveSignExtended(.bits64, from: .byte, destination: .r3, source: .r2),
        "(bf) r3 = (s8)r2"
      ),
      (.byteSwap(.unconditional, .bits32, destination: .r3), "(d7) r3 = bswap32 r3"),
      (
        .atomic(.fetchAdd, .word, base: .r10, offset: -8, source: .r2),
        "(c3) r2 = atomic_fetch_add((u32 *)(r10 -8), r2)"
      ),
      (
        .atomic(.compareExchange, .double, base: .r10, offset: -8, source: .r2),
        "(db) r0 = atomic64_cmpxchg((u64 *)(r10 -8), r0, r2)"
      ),
      (.loadWide(destination: .r1, .value(0x1_1234_5678)), "(18) r1 = 0x112345678"),
      (.loadWide(destination: .r1, .mapIndex(3)), "(18) r1 = map[idx:3]"),
      (.loadWide(destination: .r1, .mapIndexValue(3, offset: 8)), "(18) r1 = map[idx:3][0]+8"),
      (.loadWide(destination: .r2, .function(4)), "(18) r2 = subprog[+4]"),
      (.loadPacket(.half, .indirect(.r7, 14)), "(48) r0 = *(u16 *)skb[r7 + 14]"),
      (.call(.helper(999)), "(85) call unknown#999"),
      (.call(.local(2)), "(85) call pc+2"),
      (.exit, "(95) exit"),
    ]
    for (instruction, text) in cases {
      #expect(Self.disassembler.text(of: instruction) == text)
    }
    #expect(
      Self.disassembler.text(of: .call(.helper(1)), name: "bpf_map_lookup_elem")
        == "(85) call bpf_map_lookup_elem#1")
    #expect(Self.disassembler.text(of: .call(.local(-3)), target: "f") == "(85) call pc-3#f")
    #expect(
      Self.disassembler.text(
        of: .loadWide(destination: .r1, .mapIndexValue(0, offset: 4)), name: "name:.bss")
        == "(18) r1 = map[name:.bss][0]+4")
  }

  /// Each form at slot 0 of a program that is refused for what follows it: the log shows how the kernel writes it.
  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `the kernel's log has the same text`() throws {
    let read = RawInstruction(opcode: 0xbf, destination: 0, source: 9)
    let exit = RawInstruction(opcode: 0x95)
    var compared: Set<UInt8> = []
    for sample in EncodingSamples.brief {
      var instruction = try Instruction(decoding: sample, at: 0)
      if instruction.isBranch, let near = instruction.with(displacement: 1) { instruction = near }
      let slots = try instruction.encoded.slots
      guard case .refused(let log) = KernelOracle.verdict(on: slots + [read, read, exit]),
        let line = log.split(separator: "\n").first(where: { $0.hasPrefix("0: (") })
      else { continue }
      var text = String(line.dropFirst(3))
      // The state after it follows behind a semicolon; of calls, a name that is the kernel's.
      if let end = text.range(of: ";") { text = String(text[..<end.lowerBound]) }
      while text.last == " " { text.removeLast() }
      if case .call = instruction { continue }
      if case .loadWide(_, .value) = instruction {
      } else if case .loadWide = instruction {
        continue
      }
      compared.insert(slots[0].opcode)
      #expect(Self.disassembler.text(of: instruction) == text)
    }
    #expect(compared.count > 80)
  }
}
