import Foundation
import TestSupport
import Testing

@testable import BPFISA

@Suite struct FactsTests {
  /// What the table says of registers is what the sum type says.
  @Test func registersReadAndWritten() throws {
    for slots in EncodingSamples.exhaustive where slots[0].offset < 0 || slots[0].offset == 8 {
      let instruction = try Instruction(decoding: slots, at: 0)
      guard let form = InstructionTable.form(of: slots[0]) else {
        Issue.record("\(slots) has no form")
        return
      }
      var read: RegisterSet = []
      var written: RegisterSet = []
      for (use, number) in [
        (form.destination, slots[0].destination), (form.source, slots[0].source),
      ] {
        let register = RegisterSet(rawValue: 1 << UInt16(number))
        switch use {
        case .register(.read), .register(.base), .stackArguments: read.formUnion(register)
        case .register(.written): written.formUnion(register)
        case .register(.readAndWritten):
          read.formUnion(register)
          written.formUnion(register)
        case .unused, .selector, .operand, .any: break
        }
      }
      // What an instruction does to registers that no field names.
      switch form.operation {
      case .call:
        read.formUnion(.arguments)
        written.formUnion(.arguments.union(RegisterSet(.r0)))
      case .loadPacket:
        read.formUnion(RegisterSet(.r6))
        written.formUnion(.arguments.union(RegisterSet(.r0)))
      case .exit:
        read.formUnion(RegisterSet(.r0))
      case .atomic(.compareExchange, _):
        read.formUnion(RegisterSet(.r0))
        written.formUnion(RegisterSet(.r0))
      case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
        .atomic, .loadAcquire, .storeRelease, .loadWide, .jump, .jumpLong, .jumpIndirect, .jumpIf,
        .mayGoto, .internalOnly:
        break
      }
      #expect(instruction.registersRead == read)
      #expect(instruction.registersWritten == written)
    }
  }

  @Test func displacements() throws {
    for slots in EncodingSamples.brief {
      let instruction = try Instruction(decoding: slots, at: 0)
      guard let form = InstructionTable.form(of: slots[0]) else { continue }
      let hasDisplacement =
        form.offset == .operand(.displacement) || form.immediate == .operand(.displacement)
      #expect((instruction.displacement != nil) == hasDisplacement)
      #expect(instruction.hasShortDisplacement == (form.offset == .operand(.displacement)))
      let isBranch = form.controlFlow == .jump || form.controlFlow == .branch
      #expect(instruction.isBranch == isBranch)
      if let displacement = instruction.displacement {
        #expect(instruction.with(displacement: displacement) == instruction)
        #expect(instruction.target(at: 10) == 11 + displacement)
        #expect(instruction.with(displacement: 1 << 40) == nil)
      } else {
        #expect(instruction.with(displacement: 1) == nil)
      }
    }
  }

  @Test func groupsAndVersions() throws {
    func form(_ text: String) throws -> InstructionForm? {
      InstructionTable.form(of: try Assembler.assemble(text)[0])
    }
    #expect(try form("w1 += 1")?.group == .base32)
    #expect(try form("r1 *= r2")?.group == .divmul64)
    #expect(try form("r1 = be64 r1")?.group == .base64)
    #expect(try form("r1 = *(u32 *)(r2 + 0)")?.group == .base32)
    #expect(try form("lock *(u32 *)(r2 + 0) += r1")?.group == .atomic32)
    #expect(try form("r0 = *(u8 *)skb[0]")?.group == .packet)
    #expect(try form("may_goto +1")?.group == nil)
    #expect(try form("if w1 == 1 goto +1")?.introduction == .version(3))
    #expect(try form("if r1 < 1 goto +1")?.introduction == .version(2))
    #expect(try form("gotol +1")?.introduction == .version(4))
    #expect(try form("r1 = *(u64 *)(r11 + 8)")?.introduction == .linux("2026"))
    #expect(InstructionTable.form(of: RawInstruction(opcode: 0xff)) == nil)
  }

  struct Vector: Decodable {
    let name: String
    let version: String
    let group: String?
    let program: String
  }

  /// Every vector decodes, encodes back, and uses nothing newer than its version. Skipped where the shared folder
  /// is missing: it does not come with a clone.
  @Test(.enabled(if: SharedFolder.path != nil))
  func conformanceVectors() throws {
    let path = (SharedFolder.path ?? "") + "/conformance/vectors.jsonl"
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 313)
    for line in lines {
      let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
      let digits = Array(vector.program)
      let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt64(String(digits[$0...$0 + 1]), radix: 16)
      }
      let slots = stride(from: 0, to: bytes.count, by: 8).map { start in
        RawInstruction(bits: (0..<8).reduce(0) { $0 | bytes[start + $1] << UInt64($1 * 8) })
      }
      let instructions = try Instruction.decodeAll(slots)
      #expect(try instructions.flatMap { try $0.instruction.encoded.slots } == slots)
      let program = try Program(name: vector.name, slots: slots)
      #expect(try Assembler.assemble(Disassembler().text(of: program)) == slots)
      for (slot, _) in instructions {
        guard let form = InstructionTable.form(of: slots[slot]) else { continue }
        switch form.introduction {
        case .version(let version): #expect("v\(version)" <= vector.version, "\(vector.name)")
        case .assemblersOnly: #expect(vector.group == "callx")
        case .linux, .internalOnly: Issue.record("\(vector.name) uses \(form.mnemonic)")
        }
      }
    }
  }
}
