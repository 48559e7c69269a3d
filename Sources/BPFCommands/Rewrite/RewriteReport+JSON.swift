import BPFISA
import BPFPlatform
import BPFRewriter

extension RewriteReport {
  /// Writes programs before and after, as `Documentation/Rewriting.md` describes it.
  static func write(_ reports: [RewriteReport], to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("programs") { writer in
        writer.array { writer in
          for report in reports { writer.element { report.write(to: &$0) } }
        }
      }
    }
  }

  private func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("program", before.name)
      if let type { writer.member("type", type.name) }
      writer.member("passes") { writer in
        writer.array { writer in
          for (name, count) in zip(passes, insertedCounts) {
            writer.element { writer in
              writer.object { writer in
                writer.member("name", name)
                writer.member("inserted", count)
              }
            }
          }
        }
      }
      writer.member("removed", removedCount)
      writer.member("widened", widenedCount)
      writer.member("before") {
        write(before, to: &$0) { slot, writer in
          writer.member("removed", isRemoved(slot))
        }
      }
      writer.member("after") {
        write(after, to: &$0) { slot, writer in
          let origin = origins[slot]
          writer.member("origin", origin.original)
          writer.member("inserted", origin.isInserted)
          if let pass = origin.pass { writer.member("pass", passes[pass]) }
          if origin.isWidened { writer.member("widened", true) }
        }
      }
    }
  }

  private func write(
    _ program: Program, to writer: inout JSONWriter,
    _ addMembers: (Int, inout JSONWriter) -> Void
  ) {
    let disassembler = Disassembler()
    writer.object { writer in
      writer.member("slots", program.slots.count)
      writer.member("subprograms") { writer in
        writer.array { writer in
          for subprogram in program.subprograms {
            writer.element { writer in
              writer.object { writer in
                writer.member("name", subprogram.name)
                writer.member("start", subprogram.start)
              }
            }
          }
        }
      }
      writer.member("instructions") { writer in
        writer.array { writer in
          var slot = 0
          while slot < program.slots.count {
            let instruction = program.instruction(at: slot)
            writer.element { writer in
              writer.object { writer in
                writer.member("slot", slot)
                writer.member("text", disassembler.text(of: instruction))
                writer.member("bytes") {
                  $0.hex(
                    RawInstruction.bytes(
                      of: Array(program.slots[slot..<slot + instruction.slotCount])))
                }
                if let target = instruction.target(at: slot) { writer.member("target", target) }
                addMembers(slot, &writer)
                if let line = program.line(at: slot) {
                  writer.member("line") { writer in
                    writer.object { writer in
                      writer.member("file", line.file)
                      writer.member("line", line.line)
                      writer.member("column", line.column)
                    }
                  }
                }
              }
            }
            slot += instruction.slotCount
          }
        }
      }
    }
  }
}
