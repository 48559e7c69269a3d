import BPFISA
import BPFPlatform
import BPFVerifier

extension VerificationListing {
  /// Writes all there is, as `Documentation/Reports.md` describes it.
  func write(to writer: inout JSONWriter, includingCosts: Bool) {
    writer.object { writer in
      writer.member("programs") { writer in
        writer.array { writer in
          for report in reports {
            writer.element { writer in
              report.write(
                to: &writer, includingCosts: includingCosts, baseline: baseline?.entry(for: report))
            }
          }
        }
      }
    }
  }
}

extension VerificationReport {
  fileprivate func write(
    to writer: inout JSONWriter, includingCosts: Bool, baseline: VerificationBaseline.Entry?
  ) {
    writer.object { writer in
      writer.member("file", file)
      writer.member("program", program)
      writer.member("type", type.map { .string($0.name) } ?? JSONValue.null)
      writer.member("verdict", verdict.name)
      switch verdict {
      case .accept(let byPrototypes):
        if let byPrototypes {
          writer.member("by_prototypes") { byPrototypes.write(to: &$0) }
        }
      case .reject(let rejection): writer.member("reason") { rejection.write(to: &$0) }
      case .failure(let sentence): writer.member("error", sentence)
      }
      if let statistics {
        writer.member("insns", statistics.processedInstructions)
        writer.member("states", statistics.totalStates)
        writer.member("peak_branches", statistics.peakPendingBranches)
        writer.member("peak_bytes", statistics.peakStateBytes)
        writer.member("ns", time)
      }
      if includingCosts {
        writer.member("cost") { writer in
          writer.array { writer in
            for cost in costs { writer.element { cost.write(to: &$0) } }
          }
        }
      }
      if let kernel {
        writer.member("kernel") { writer in
          writer.object { writer in
            writer.member("verdict", kernel.verdict.rawValue)
            if let count = kernel.processedInstructions { writer.member("insns", count) }
            if let count = kernel.states { writer.member("states", count) }
            if let time = kernel.microseconds { writer.member("us", time) }
            if let message = kernel.message { writer.member("message", message) }
          }
        }
      }
      if let baseline {
        writer.member("baseline") { writer in
          writer.object { writer in
            writer.member("verdict", baseline.verdict)
            if let count = baseline.instructions { writer.member("insns", count) }
            if let count = baseline.states { writer.member("states", count) }
          }
        }
      }
    }
  }
}

extension SourceCost {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("instruction", slot)
      writer.member("insns", processedInstructions)
      if let line { writer.member("line") { line.write(to: &$0) } }
    }
  }
}

extension LineInfo {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("file", file)
      writer.member("line", line)
      writer.member("text", text)
    }
  }
}

extension Rejection {
  /// The branches at the end of a path that are written; a path may have as many as instructions were processed.
  private static let writtenSteps = 1_000

  /// Writes why a program is not accepted, with the path there.
  func write(to writer: inout JSONWriter) {
    let explanation = explanation
    writer.object { writer in
      writer.member("class", category.rawValue)
      writer.member("problem", explanation.problem)
      writer.member("reason", explanation.reason)
      writer.member("suggestion", explanation.suggestion)
      writer.member("instruction", slot)
      if let instruction { writer.member("text", Disassembling.text(of: instruction)) }
      writer.member("function", function)
      if let line { writer.member("line") { line.write(to: &$0) } }
      writer.member("branches", path.count)
      writer.member("path") { writer in
        writer.array { writer in
          for step in path.suffix(Self.writtenSteps) {
            writer.element { writer in
              writer.object { writer in
                writer.member("instruction", step.slot)
                writer.member("taken", step.isTaken)
                if let line = program.line(at: step.slot) {
                  writer.member("line") { line.write(to: &$0) }
                }
              }
            }
          }
        }
      }
    }
  }
}
