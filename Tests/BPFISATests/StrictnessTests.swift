import Testing

@testable import BPFISA

/// The decoder accepts exactly what the table says is legal, and says why it refuses the rest.
@Suite struct StrictnessTests {
  @Test func everyOpcodeWithEveryClassOfFields() {
    let offsets: [Int16] = [0, 1, -1, 8, 16, 32, 4, -8]
    let immediates: [Int32] = [
      0, 1, 16, 32, 64, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1, 0x100, 0x110, 7, -1,
      0x1_0000,
    ]
    var accepted = 0
    var refused = 0
    for opcode in UInt8.min ... .max {
      let forms = InstructionTable.forms.filter { $0.opcode == opcode }
      for source in 0...15 as ClosedRange<UInt8> {
        for destination in [0, 1, 10, 11, 15] as [UInt8] {
          // All values of one field with some of the others, and where fields select, all of theirs.
          let isCorner = (source < 4 || source == 11) && (destination < 2 || destination == 11)
          for offset in isCorner && !forms.isEmpty ? offsets : [0, 8] {
            for immediate in isCorner && !forms.isEmpty ? immediates : [0, 16] {
              let slot = RawInstruction(
                opcode: opcode, destination: destination, source: source, offset: offset,
                immediate: immediate)
              let expected = Self.reason(slot, forms: forms)
              let found = Self.reason(decoding: [slot, RawInstruction(bits: 0)])
              if found != expected {
                Issue.record("\(slot): \(String(describing: found))")
                return
              }
              if found == nil { accepted += 1 } else { refused += 1 }
            }
          }
        }
      }
    }
    #expect(accepted > 10_000)
    #expect(refused > 100_000)
  }

  /// ISA.md's list, written again by hand: the table has these opcodes and no others.
  @Test func theTableHasTheOpcodesOfTheInstructionSet() {
    let arithmetic: [UInt8] = [
      0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74,
      0x7c, 0x84, 0x94, 0x9c, 0xa4, 0xac, 0xb4, 0xbc, 0xc4, 0xcc,
    ]
    let conditional: [UInt8] = [
      0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x55, 0x5d, 0x65, 0x6d, 0x75, 0x7d, 0xa5,
      0xad, 0xb5, 0xbd, 0xc5, 0xcd, 0xd5, 0xdd,
    ]
    let others: [UInt8] = [
      0xd4, 0xdc, 0xd7, 0x05, 0x06, 0x0d, 0xe5, 0x85, 0x8d, 0x95, 0x61, 0x69, 0x71, 0x79, 0x81,
      0x89, 0x91, 0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b, 0xc3, 0xcb, 0xd3, 0xdb, 0x18,
      0x20, 0x28, 0x30, 0x40, 0x48, 0x50,
    ]
    let internalOpcodes: [UInt8] = [
      0xc2, 0xf5, 0x21, 0x29, 0x31, 0x39, 0x41, 0x49, 0x51, 0xa1, 0xa9, 0xb1, 0xb9, 0xc1, 0xc9,
      0xd1, 0xa2, 0xaa, 0xb2, 0xba, 0xa3, 0xab, 0xb3, 0xbb, 0xe3, 0xeb, 0xf3, 0xfb,
    ]
    let legal = Set(
      arithmetic + arithmetic.map { $0 + 3 } + conditional + conditional.map { $0 + 1 } + others)
    #expect(Set(InstructionTable.forms.filter(\.isAccepted).map(\.opcode)) == legal)
    #expect(
      Set(InstructionTable.forms.filter { !$0.isAccepted }.map(\.opcode))
        == Set(internalOpcodes + [0xbf]))
    // 13 operations, 2 of them also signed, in 2 widths and 2 kinds of operand, and so on.
    #expect(InstructionTable.arithmetic.count == 14 * 4)
    #expect(InstructionTable.atomics.count == 10 * 2 + 2 * 4)
    #expect(InstructionTable.jumps.count == 4 + 11 * 4)
  }

  @Test func everySelectionIsUnambiguous() {
    for form in InstructionTable.forms where !form.usesStackArguments {
      let alike = InstructionTable.forms.filter { other in
        other != form && !other.usesStackArguments && other.opcode == form.opcode
          && zip(form.fields, other.fields).allSatisfy { mine, others in
            guard case .selector(let mine) = mine, case .selector(let others) = others else {
              return true
            }
            return mine == others
          }
      }
      #expect(alike.isEmpty)
    }
  }

  @Test func reasons() {
    func reason(_ bits: UInt64, _ second: UInt64? = nil) -> DecodingError.Reason? {
      Self.reason(
        decoding: ([bits] + (second.map { [$0] } ?? [])).map(RawInstruction.init(bits:)))
    }
    #expect(reason(0x00) == .unknownOpcode(0x00))
    #expect(reason(0xff) == .unknownOpcode(0xff))
    #expect(reason(0x8f) == .unknownOpcode(0x8f))
    #expect(reason(0x99) == .unknownOpcode(0x99))
    #expect(reason(0x0e) == .unknownOpcode(0x0e))
    #expect(reason(0x38) == .unknownOpcode(0x38))
    #expect(
      reason(0x1004) == .reservedFieldNotZero(opcode: 0x04, field: .source, value: 1))
    #expect(
      reason(0x5_0000_000f) == .reservedFieldNotZero(opcode: 0x0f, field: .immediate, value: 5))
    #expect(
      reason(0xffff_0007) == .reservedFieldNotZero(opcode: 0x07, field: .offset, value: -1))
    #expect(reason(0x0195) == .reservedFieldNotZero(opcode: 0x95, field: .destination, value: 1))
    #expect(reason(0x2_0034) == .unknownVariant(opcode: 0x34, field: .offset, value: 2))
    #expect(reason(0x20_00bc) == .unknownVariant(opcode: 0xbc, field: .offset, value: 32))
    #expect(reason(0x11_0000_00d7) == .unknownVariant(opcode: 0xd7, field: .immediate, value: 17))
    #expect(
      reason(0x100_0000_00c3) == nil
        && reason(0x101_0000_00c3)
          == .unknownVariant(opcode: 0xc3, field: .immediate, value: 0x101)
    )
    #expect(
      reason(0x40_0000_00d3) == .unknownVariant(opcode: 0xd3, field: .immediate, value: 0x40))
    #expect(reason(0x3085) == .unknownVariant(opcode: 0x85, field: .source, value: 3))
    #expect(reason(0x10e5) == .unknownVariant(opcode: 0xe5, field: .source, value: 1))
    #expect(reason(0x7018, 0) == .unknownVariant(opcode: 0x18, field: .source, value: 7))
    #expect(reason(0x0bb7) == .noSuchRegister(opcode: 0xb7, field: .destination, value: 11))
    #expect(reason(0xb0bf) == .noSuchRegister(opcode: 0xbf, field: .source, value: 11))
    #expect(reason(0xf061) == .noSuchRegister(opcode: 0x61, field: .source, value: 15))
    #expect(reason(0xb061) == .noSuchRegister(opcode: 0x61, field: .source, value: 11))
    #expect(reason(0x8_b079) == nil)
    #expect(reason(0x4_b079) == .unknownVariant(opcode: 0x79, field: .offset, value: 4))
    #expect(reason(0xfff8_b079) == .unknownVariant(opcode: 0x79, field: .offset, value: -8))
    #expect(reason(0x8_0b7b) == .unknownVariant(opcode: 0x7b, field: .offset, value: 8))
    #expect(reason(0x18) == .missingSecondSlot)
    #expect(reason(0x18, 1) == .reservedFieldNotZero(opcode: 0x18, field: .secondOpcode, value: 1))
    #expect(
      reason(0x18, 0x1000)
        == .reservedFieldNotZero(opcode: 0x18, field: .secondRegisters, value: 0x10))
    #expect(
      reason(0x18, 0x8000_0000)
        == .reservedFieldNotZero(opcode: 0x18, field: .secondOffset, value: -0x8000))
    #expect(
      reason(0x1018, 1 << 32)
        == .reservedFieldNotZero(opcode: 0x18, field: .secondImmediate, value: 1))
    #expect(reason(0x2018, 1 << 32) == nil)
    #expect(reason(0xc2) == .internalInstruction(opcode: 0xc2))
    #expect(reason(0xf5) == .internalInstruction(opcode: 0xf5))
    #expect(reason(0xffff_21bf) == .internalInstruction(opcode: 0xbf))
  }

  @Test func theErrorNamesTheSlot() {
    let slots = [RawInstruction(opcode: 0x95), RawInstruction(opcode: 0xff)]
    #expect(throws: DecodingError(slot: 1, reason: .unknownOpcode(0xff))) {
      try Instruction.decodeAll(slots)
    }
  }

  @Test func whatDoesNotExistHasNoEncoding() {
    func reason(_ instruction: Instruction) -> EncodingError.Reason? {
      do {
        _ = try instruction.encoded
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(
      reason(.moveSignExtended(.bits32, from: .word, destination: .r1, source: .r2))
        == .noSuchSize(.word))
    #expect(
      reason(.moveSignExtended(.bits64, from: .double, destination: .r1, source: .r2))
        == .noSuchSize(.double))
    #expect(
      reason(.atomic(.add, .byte, base: .r1, offset: 0, source: .r2)) == .noSuchSize(.byte))
    #expect(
      reason(.atomic(.exchange, .half, base: .r1, offset: 0, source: .r2)) == .noSuchSize(.half))
    #expect(
      reason(.load(.double, signExtended: true, destination: .r1, base: .r2, offset: 0))
        == .noSuchSize(.double))
    #expect(reason(.loadPacket(.double, .absolute(0))) == .noSuchSize(.double))
    #expect(
      reason(.load(.word, signExtended: false, destination: .r1, base: .r11, offset: 8))
        == .stackArgumentBase(.source))
    #expect(
      reason(.load(.double, signExtended: false, destination: .r1, base: .r11, offset: -8))
        == .stackArgumentOffset(-8))
    #expect(
      reason(.store(.double, base: .r11, offset: 8, source: .immediate(1)))
        == .stackArgumentOffset(8))
    #expect(reason(.negate(.bits64, destination: .r11)) == .stackArgumentBase(.destination))
    #expect(reason(.call(.register(.r11))) == .stackArgumentBase(.destination))
    #expect(reason(.loadPacket(.byte, .indirect(.r11, 0))) == .stackArgumentBase(.source))
  }

  // MARK: Oracle

  static func reason(decoding slots: [RawInstruction]) -> DecodingError.Reason? {
    do {
      _ = try Instruction(decoding: slots, at: 0)
      return nil
    } catch {
      return error.reason
    }
  }

  /// What the table says of a slot (before two zero slots), by looking at one field after another.
  static func reason(_ slot: RawInstruction, forms: [InstructionForm]) -> DecodingError.Reason? {
    guard !forms.isEmpty else { return .unknownOpcode(slot.opcode) }
    let fields: [(name: DecodingError.Field, value: Int64)] = [
      (.destination, Int64(slot.destination)), (.source, Int64(slot.source)),
      (.offset, Int64(slot.offset)), (.immediate, Int64(slot.immediate)),
    ]
    var mismatch: DecodingError.Reason?
    forms: for form in forms {
      for (use, field) in zip(form.fields, fields) {
        switch use {
        case .selector(let value) where Int64(value) != field.value:
          mismatch =
            mismatch
            ?? .unknownVariant(opcode: slot.opcode, field: field.name, value: field.value)
          continue forms
        case .stackArguments where field.value != 11:
          continue forms
        case .selector, .stackArguments, .unused, .register, .operand, .any:
          break
        }
      }
      for (use, field) in zip(form.fields, fields) where use == .unused && field.value != 0 {
        return .reservedFieldNotZero(opcode: slot.opcode, field: field.name, value: field.value)
      }
      if !form.isAccepted { return .internalInstruction(opcode: slot.opcode) }
      for (use, field) in zip(form.fields, fields) {
        switch use {
        case .register where field.value > 10:
          return .noSuchRegister(
            opcode: slot.opcode, field: field.name, value: UInt8(field.value))
        case .operand(.stackArgumentRead) where field.value <= 0 || field.value % 8 != 0,
          .operand(.stackArgumentWrite) where field.value >= 0 || field.value % 8 != 0:
          return .unknownVariant(opcode: slot.opcode, field: field.name, value: field.value)
        case .register, .selector, .stackArguments, .unused, .operand, .any:
          break
        }
      }
      return nil
    }
    return mismatch
  }
}

extension InstructionForm {
  /// The four fields in the order of ``DecodingError/Field``.
  fileprivate var fields: [FieldUse] { [destination, source, offset, immediate] }
}
