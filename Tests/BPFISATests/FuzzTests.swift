import Testing

@testable import BPFISA

/// A taste of fuzzing: no text and no bytes trap, and what is accepted round-trips.
@Suite struct FuzzTests {
  /// A small generator with a fixed seed, so that a failure comes again.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  @Test func randomSlots() throws {
    var generator = Generator(state: 0x9e37_79b9_7f4a_7c15)
    var accepted = 0
    for _ in 0..<40_000 {
      // Sparse slots are legal more often.
      let mask = generator.next() & generator.next()
      let slots = [
        RawInstruction(bits: generator.next() & (mask | 0xffff)),
        RawInstruction(bits: generator.next() & 0xffff_ffff_0000_0000),
      ]
      guard let instruction = try? Instruction(decoding: slots, at: 0) else { continue }
      accepted += 1
      let encoded = try instruction.encoded.slots
      #expect(encoded == Array(slots.prefix(instruction.slotCount)))
      #expect(try Assembler.assemble(instruction.description) == encoded)
    }
    #expect(accepted > 100)
  }

  @Test func randomText() {
    var generator = Generator(state: 0x2545_f491_4f6c_dd1d)
    let pieces = [
      "r1", "w2", "r10", "r11", "=", "+=", "s>>=", "s", ">", "<", "(", ")", "[", "]", "*", "/",
      "/*", "*/",
      "//", "#", ";", ":", ",", "-", "+", "if", "goto", "gotol", "may_goto", "call", "callx",
      "exit", "lock",
      "u8", "u64", "s32", "skb", "ll", "map", "fd", "idx", "kfunc", "id", "var", "subprog", "pc",
      "1f", "1b",
      "0x10", "99999999999999999999", "32768", "0", "1", "0b", "08", "\n", "\t", " ", " ", "L1",
      "é", "\0",
      "0:\t95 00 00 00 00 00 00 00\t", "0000000000000000 <f>:", "<f+0x10>",
      "Disassembly of section ",
      "be16", "bswap64", "xchg_64", "cmpxchg32_32", "atomic_fetch_or", "load_acquire",
      "store_release",
      "addr_space_cast", "ld_pseudo", "module", "!=", "&", "<<=", "%=", "s%=", "s/=",
    ]
    var accepted = 0
    for _ in 0..<8_000 {
      var text = ""
      for _ in 0..<generator.next() % 16 {
        text += pieces[Int(generator.next() % UInt64(pieces.count))]
        text += generator.next() % 3 == 0 ? "" : " "
      }
      accepted += (try? Assembler.assemble(text)) == nil ? 0 : 1
    }
    #expect(accepted > 0)
  }

  @Test func mutatedText() throws {
    var generator = Generator(state: 0x1234_5678_9abc_def1)
    let original = Array(ProgramTextTests.source.utf8)
    for _ in 0..<1_000 {
      var text = original
      for _ in 0...generator.next() % 3 {
        let index = Int(generator.next() % UInt64(text.count))
        switch generator.next() % 3 {
        case 0: text[index] = UInt8(truncatingIfNeeded: generator.next())
        case 1: text.remove(at: index)
        default: text.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
        }
      }
      do {
        let slots = try Assembler().assemble(utf8: text).slots
        _ = try Instruction.decodeAll(slots)
      } catch let error as AssemblyError {
        #expect(error.line > 0 && error.column > 0)
      }
    }
  }

  @Test func randomBytes() {
    var generator = Generator(state: 0xdead_beef_cafe_f00d)
    for _ in 0..<2_000 {
      let text = (0..<generator.next() % 64).map { _ in UInt8(truncatingIfNeeded: generator.next())
      }
      _ = try? Assembler().assemble(utf8: text)
    }
  }
}
