import BPFISA
import BPFPlatform
import BPFVerifier

/// The reports of all programs of a command line, as a table, as CSV, or compared with a saved run.
struct VerificationListing {
  let reports: [VerificationReport]
  let baseline: VerificationBaseline?
  let hasKernel: Bool

  init(_ reports: [VerificationReport], baseline: VerificationBaseline?, hasKernel: Bool) {
    self.reports = reports
    self.baseline = baseline
    self.hasKernel = hasKernel
  }

  // MARK: Text

  /// A line for each program; and one for all of them where there are several.
  var table: String {
    var text = baseline.map(comparison) ?? programTable
    if baseline == nil, reports.count > 1 {
      let refused = reports.count { !$0.isAccepted }
      text += "\(counted(reports.count, "program")): \((reports.count - refused).grouped) accepted"
      text += refused > 0 ? ", \(refused.grouped) not\n" : "\n"
    }
    for report in reports {
      guard let kernel = report.kernel, let message = kernel.message else { continue }
      text += "kernel, \(report.program.escapedForDisplay): \(message.escapedForDisplay)\n"
    }
    return text
  }

  private var programTable: String {
    var heading = ["file", "program", "verdict", "class", "insns", "states", "µs"]
    if hasKernel { heading += ["kernel", "insns", "states", "µs"] }
    var table = TextTable(heading, leftColumns: 4)
    for report in reports {
      var row = [
        report.file.lastPathComponent.escapedForDisplay, report.program.escapedForDisplay,
        report.verdict.name, report.reasonClass ?? "",
        report.processedInstructions?.grouped ?? "", report.states?.grouped ?? "",
        report.statistics == nil ? "" : (report.time / 1_000).grouped,
      ]
      if hasKernel {
        row.append(report.kernel?.verdict.rawValue ?? "")
        row.append(report.kernel?.processedInstructions?.grouped ?? "")
        row.append(report.kernel?.states?.grouped ?? "")
        row.append(report.kernel?.microseconds?.grouped ?? "")
      }
      table.add(row)
    }
    return table.rendered
  }

  /// Why programs are not accepted, or would not be by their prototypes.
  var explanations: String {
    var text = ""
    for report in reports {
      let reason: String
      switch report.verdict {
      case .accept(nil): continue
      case .accept(let rejection?):
        reason = """
          Accepted, as its global functions are safe as they are called. Linux looks at them for all arguments that their \
          prototypes allow; then (--strict-prototypes):
          \(rejection.summary)
          """
      case .reject(let rejection): reason = "\(rejection)"
      case .failure(let sentence): reason = sentence
      }
      text += "\n\(report.program.escapedForDisplay):\n"
      text += reason.split(separator: "\n").map { String($0).escapedForDisplay + "\n" }.joined()
    }
    return text
  }

  /// Where the work went: the places of each program that took most of it.
  func costs(limit: Int) -> String {
    var text = ""
    for report in reports {
      let costs = report.costs
      guard !costs.isEmpty, let total = report.processedInstructions, total > 0 else { continue }
      text += "\n\(report.program.escapedForDisplay): "
      text += "\(counted(total, "instruction")) processed\n"
      var table = TextTable(["insns", "share", "where"], leftColumns: 0, lastIsLeft: true)
      for cost in costs.prefix(limit) {
        table.add([
          cost.processedInstructions.grouped,
          Self.percent(cost.processedInstructions, of: total) + " %",
          report.place(of: cost).escapedForDisplay,
        ])
      }
      text += table.rendered
      if costs.count > limit { text += "… \(counted(costs.count - limit, "more place"))\n" }
    }
    return text
  }

  /// A share in percent, with one decimal.
  static func percent(_ part: Int, of total: Int) -> String {
    let tenths = Int((Double(part) / Double(max(total, 1)) * 1_000).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  // MARK: CSV

  /// A row for each program.
  var csv: String {
    var columns = ["file", "program", "type", "verdict", "class", "insns", "states", "time_us"]
    if hasKernel {
      columns += ["kernel_verdict", "kernel_insns", "kernel_states", "kernel_time_us"]
    }
    if baseline != nil { columns += ["baseline_verdict", "baseline_insns", "baseline_states"] }
    let rows = reports.map { report in
      var row: [(column: String, text: String)] = [
        ("file", report.file), ("program", report.program), ("type", report.type?.name ?? ""),
        ("verdict", report.verdict.name), ("class", report.reasonClass ?? ""),
        ("insns", Self.text(report.processedInstructions)), ("states", Self.text(report.states)),
        ("time_us", report.statistics == nil ? "" : String(report.time / 1_000)),
      ]
      if let kernel = report.kernel {
        row += [
          ("kernel_verdict", kernel.verdict.rawValue),
          ("kernel_insns", Self.text(kernel.processedInstructions)),
          ("kernel_states", Self.text(kernel.states)),
          ("kernel_time_us", Self.text(kernel.microseconds)),
        ]
      }
      if let entry = baseline?.entry(for: report) {
        row += [
          ("baseline_verdict", entry.verdict), ("baseline_insns", Self.text(entry.instructions)),
          ("baseline_states", Self.text(entry.states)),
        ]
      }
      return row
    }
    return CSVText.table(rows, columns: columns)
  }

  private static func text(_ number: Int?) -> String { number.map { String($0) } ?? "" }
}

extension VerificationReport {
  /// A place in the source as people read it: the line, or the instruction where there is none.
  func place(of cost: SourceCost) -> String {
    if let line = cost.line { return "\(line.file):\(line.line): \(line.text)" }
    guard let code else { return "instruction \(cost.slot)" }
    return "\(cost.slot): \(Disassembling.text(of: code.instruction(at: cost.slot)))"
  }
}
