import BPFISA
import BPFPlatform

extension DumpedImage {
  /// Writes images as a list of objects, or the only one as an object.
  static func write(
    _ images: [DumpedImage], isList: Bool, members: DumpedProgram.Members,
    to writer: inout JSONWriter
  ) {
    if !isList, let only = images.first { return only.write(members, to: &writer) }
    writer.array { writer in
      for image in images { writer.element { image.write(members, to: &$0) } }
    }
  }

  /// A label, and what follows it up to the next.
  private struct Part {
    let label: String
    var lines: [(instructions: [DumpedProgram.Line], code: Code)] = []
  }

  private var parts: [Part] {
    var parts: [Part] = []
    var instructions: [DumpedProgram.Line] = []
    forEachLine { line in
      switch line {
      case .label(let label): parts.append(Part(label: label))
      case .instruction(let line): instructions.append(line)
      case .code(let code):
        guard !parts.isEmpty else { return }
        parts[parts.count - 1].lines.append((instructions, code))
        instructions = []
      }
    }
    return parts
  }

  private func write(_ members: DumpedProgram.Members, to writer: inout JSONWriter) {
    writer.object { writer in
      if let type = program.type { writer.member("type", type.name) }
      writer.member("name", program.program.name)
      writer.member("gpl_compatible", program.isGPLCompatible)
      writer.member("bytes", bytes.count)
      writer.member("parts") { writer in
        writer.array { writer in
          for part in parts {
            writer.element { writer in
              writer.object { writer in
                writer.member("name", part.label)
                writer.member("insns") { writer in
                  writer.array { writer in
                    for (instructions, code) in part.lines {
                      writer.element { write(instructions, code, members, to: &$0) }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private func write(
    _ instructions: [DumpedProgram.Line], _ code: Code, _ members: DumpedProgram.Members,
    to writer: inout JSONWriter
  ) {
    writer.object { writer in
      if !instructions.isEmpty {
        writer.member("xlated") { writer in
          writer.array { writer in
            for line in instructions {
              writer.element { writer in
                writer.object { writer in
                  writer.member("slot", line.slot)
                  if members.source, let source = line.source {
                    writer.member("src", source.text)
                    writer.member("file", source.file)
                    writer.member("line_num", source.line)
                  }
                  writer.member("disasm", line.text)
                }
              }
            }
          }
        }
      }
      writer.member("pc", code.offset)
      if let text = code.text { writer.member("operation", text) }
      if let callee = code.callee { writer.member("callee", callee) }
      if members.opcodes || code.text == nil {
        writer.member("opcodes", code.bytes.map { "0x" + HexText.digits(of: [$0]) })
      }
    }
  }
}
