import BPFRewriter

extension PatchReport {
  /// A table of the programs, what they come to together, and which were left out.
  var text: String {
    var text = programTable
    if entries.count > 1 { text += (text.isEmpty ? "" : "\n") + distribution.text }
    if !omissions.isEmpty {
      text += "\(text.isEmpty ? "" : "\n")left out:\n"
      for omission in omissions {
        text += "  \(omission.file.lastPathComponent.escapedForDisplay)"
        text += " \(omission.program.escapedForDisplay): \(omission.reason.escapedForDisplay)\n"
      }
    }
    return text
  }

  private var programTable: String {
    var table = TextTable(
      ["file", "program", "before", "after", "sites", "by kind: sites, instructions in and out"],
      leftColumns: 2, lastIsLeft: true)
    for entry in entries {
      let statistics = entry.statistics
      var kinds = statistics.totals.map {
        "\($0.kind.name) \($0.sites.grouped) +\($0.inserted.grouped) -\($0.removed.grouped)"
      }
      if statistics.widenedSlots > 0 { kinds.append("widened +\(statistics.widenedSlots.grouped)") }
      table.add([
        entry.file.lastPathComponent.escapedForDisplay, entry.program.escapedForDisplay,
        statistics.originalSlots.grouped, statistics.rewrittenSlots.grouped,
        statistics.sites.count.grouped, kinds.joined(separator: ", "),
      ])
    }
    return table.rendered
  }
}

extension PatchDistribution {
  /// The distribution as people read it.
  var text: String {
    var text = """
      \(counted(programs, "program")), \(originalSlots.grouped) instructions before, \
      \(rewrittenSlots.grouped) after
      \(counted(sites, "site")), \(tenthsOfSitesPerHundred / 10).\(tenthsOfSitesPerHundred % 10) for \
      100 instructions; of a program: median \(sites(atPercentile: 50).grouped), 90th percentile \
      \(sites(atPercentile: 90).grouped), most \(mostSites.grouped)
      """
    text += "\n\n"
    var kinds = TextTable(["kind", "sites", "share", "in", "out"])
    for total in totals {
      kinds.add([
        total.kind.name, total.sites.grouped,
        VerificationListing.percent(total.sites, of: sites) + " %", total.inserted.grouped,
        total.removed.grouped,
      ])
    }
    text += kinds.rendered + (totals.isEmpty ? "" : "\n")
    var growths = TextTable(["growth", "sites", "share"])
    for (growth, count) in histogram {
      growths.add([
        growth, count.grouped, VerificationListing.percent(count, of: sites) + " %",
      ])
    }
    return text + growths.rendered
  }
}
