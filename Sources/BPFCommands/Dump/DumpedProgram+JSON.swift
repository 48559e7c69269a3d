import BPFISA
import BPFPlatform
import BPFRewriter

extension DumpedProgram {
  /// What is written of instructions besides their text.
  struct Members {
    var source = false
    var opcodes = false
    /// The original slot each belongs to, and the pass that put it in.
    var marks = false
  }

  /// Writes programs as `bpftool --json prog dump xlated` does: as a list of objects, or the only one as the
  /// list of its instructions.
  static func write(
    _ programs: [DumpedProgram], isList: Bool, members: Members, to writer: inout JSONWriter
  ) {
    if !isList, let only = programs.first { return only.writeInstructions(members, to: &writer) }
    writer.array { writer in
      for program in programs {
        writer.element { writer in
          writer.object { writer in
            if let type = program.type { writer.member("type", type.name) }
            writer.member("name", program.program.name)
            writer.member("gpl_compatible", program.isGPLCompatible)
            writer.member("insns") { program.writeInstructions(members, to: &$0) }
          }
        }
      }
    }
  }

  private func writeInstructions(_ members: Members, to writer: inout JSONWriter) {
    writer.array { writer in
      forEachLine { line in
        writer.element { writer in
          writer.object { write(line, members, to: &$0) }
        }
      }
    }
  }

  private func write(_ line: Line, _ members: Members, to writer: inout JSONWriter) {
    if members.source {
      if let function = line.function { writer.member("proto", function.name) }
      if let source = line.source {
        writer.member("src", source.text)
        writer.member("file", source.file)
        writer.member("line_num", source.line)
        writer.member("line_col", source.column)
      }
    }
    writer.member("disasm", line.text)
    if members.opcodes {
      writer.member("opcodes") { Self.writeFields(of: line.slots, to: &$0) }
    }
    if members.marks, let rewriting {
      let origin = rewriting.origins[line.slot]
      writer.member("original", origin.original)
      writer.member("inserted", origin.isInserted)
      if let pass = origin.pass { writer.member("pass", rewriting.passes[pass]) }
      if origin.isWidened { writer.member("widened", true) }
    }
  }

  private static func writeFields(
    of slots: ArraySlice<RawInstruction>, to writer: inout JSONWriter
  ) {
    let bytes = RawInstruction.bytes(of: Array(slots))
    writer.object { writer in
      writer.member("code", "0x" + HexText.digits(of: [bytes[0]]))
      writer.member("src_reg", "0x" + String(bytes[1] >> 4, radix: 16))
      writer.member("dst_reg", "0x" + String(bytes[1] & 0xf, radix: 16))
      writer.member("off", bytes[2..<4].map { "0x" + HexText.digits(of: [$0]) })
      // Of an instruction of 16 bytes, as bpftool does: all that follows, the second slot whole.
      writer.member("imm", bytes[4...].map { "0x" + HexText.digits(of: [$0]) })
    }
  }
}
