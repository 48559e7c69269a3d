extension VerificationListing {
  /// What is different from a saved run: a line for each program, then one for all.
  func comparison(with baseline: VerificationBaseline) -> String {
    var table = TextTable(
      ["file", "program", "verdict before", "verdict", "insns before", "insns", "difference"]
        + ["states before", "states", "difference"],
      leftColumns: 4)
    var changes = 0
    var unknown = 0
    var before = 0
    var after = 0
    for report in reports {
      let entry = baseline.entry(for: report)
      if let entry {
        if entry.verdict != report.verdict.name { changes += 1 }
        if let old = entry.instructions, let new = report.processedInstructions {
          before = before &+ old
          after = after &+ new
        }
      } else {
        unknown += 1
      }
      table.add([
        report.file.lastPathComponent.escapedForDisplay, report.program.escapedForDisplay,
        entry?.verdict.escapedForDisplay ?? "-",
        report.verdict.name
          + (entry.map { $0.verdict != report.verdict.name } ?? false ? " (!)" : ""),
        entry?.instructions?.grouped ?? "-", report.processedInstructions?.grouped ?? "-",
        Self.difference(entry?.instructions, report.processedInstructions),
        entry?.states?.grouped ?? "-", report.states?.grouped ?? "-",
        Self.difference(entry?.states, report.states),
      ])
    }
    var text = table.rendered
    text += "\(counted(reports.count, "program")): \(counted(changes, "other verdict"))"
    if unknown > 0 { text += ", \(unknown.grouped) not in the baseline" }
    let missing = baseline.entries.count - (reports.count - unknown)
    if missing > 0 { text += ", \(missing.grouped) only in the baseline" }
    return text + "; insns \(before.grouped) before, \(after.grouped) now"
      + " (\(Self.difference(before, after)))\n"
  }

  /// A difference with its share of what was before: `+12 (+3.4 %)`.
  static func difference(_ before: Int?, _ after: Int?) -> String {
    guard let before, let after else { return "-" }
    let (change, overflow) = after.subtractingReportingOverflow(before)
    guard !overflow else { return "-" }
    let sign = change > 0 ? "+" : change < 0 ? "-" : ""
    let amount = change.magnitude.grouped
    guard before > 0 else { return "\(sign)\(amount)" }
    let share = percent(Int(clamping: change.magnitude), of: before)
    return "\(sign)\(amount) (\(sign)\(share) %)"
  }
}
