import BPFISA

/// Programs without an object around them: 8-byte slots, or the same in hexadecimal.
enum BareProgram {
  /// The slots that bytes, or hexadecimal text, spell.
  static func slots(
    of bytes: [UInt8], isHex: Bool, path: String
  ) throws(CommandError) -> [RawInstruction] {
    var bytes = bytes
    if isHex {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .input(name: path, detail: "not UTF-8; expected a program in hexadecimal")
      }
      do { bytes = try HexText.bytes(of: text, spacing: .whiteSpace) } catch {
        throw .input(name: path, detail: "\(error)")
      }
    }
    guard !bytes.isEmpty else { throw .input(name: path, detail: "empty; expected a program") }
    guard bytes.count % 8 == 0 else {
      throw .input(
        name: path,
        detail: "\(counted(bytes.count, "byte")), no whole number of 8-byte slots"
          + (isHex ? "" : "; --hex reads hexadecimal text"))
    }
    return RawInstruction.slots(of: bytes)
  }

  /// The program that assembler text spells.
  static func assembled(_ bytes: [UInt8], path: String) throws(CommandError) -> Program {
    let slots: [RawInstruction]
    do throws(AssemblyError) {
      slots = try Assembler.withHelperNames.assemble(utf8: bytes).slots
    } catch {
      throw .input(name: path, detail: "\(error)")
    }
    guard !slots.isEmpty else { throw .input(name: path, detail: "empty; expected a program") }
    do throws(DecodingError) {
      return try Program(name: "program", slots: slots)
    } catch {
      throw .input(name: path, detail: "\(error)")
    }
  }
}
