import BPFPlatform
import BPFRewriter

extension PatchReport {
  /// Writes the report, as `Documentation/PatchStatistics.md` describes it.
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("programs") { writer in
        writer.array { writer in
          for entry in entries { writer.element { entry.write(to: &$0) } }
        }
      }
      writer.member("left_out") { writer in
        writer.array { writer in
          for omission in omissions {
            writer.element { writer in
              writer.object { writer in
                writer.member("file", omission.file)
                writer.member("program", omission.program)
                writer.member("reason", omission.reason)
              }
            }
          }
        }
      }
      writer.member("total") { distribution.write(to: &$0) }
    }
  }
}

extension PatchReport.Entry {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("file", file)
      writer.member("program", program)
      writer.member("type", type.name)
      writer.member("before", statistics.originalSlots)
      writer.member("after", statistics.rewrittenSlots)
      writer.member("widened", statistics.widenedSlots)
      writer.member("sites", statistics.sites.count)
      RewriteStatistics.Total.write(statistics.totals, to: &writer)
    }
  }
}

extension PatchDistribution {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("programs", programs)
      writer.member("before", originalSlots)
      writer.member("after", rewrittenSlots)
      writer.member("widened", widenedSlots)
      writer.member("sites", sites)
      writer.member("sites_per_100") { $0.tenths(tenthsOfSitesPerHundred) }
      writer.member("sites_per_program") { writer in
        writer.object { writer in
          writer.member("median", sites(atPercentile: 50))
          writer.member("p90", sites(atPercentile: 90))
          writer.member("most", mostSites)
        }
      }
      writer.member("growth") { writer in
        writer.array { writer in
          for (growth, count) in growths {
            writer.element { writer in
              writer.object { writer in
                writer.member("slots", growth)
                writer.member("sites", count)
              }
            }
          }
        }
      }
      RewriteStatistics.Total.write(totals, to: &writer)
    }
  }
}

extension RewriteStatistics.Total {
  /// Writes the member `kinds`.
  fileprivate static func write(_ totals: [Self], to writer: inout JSONWriter) {
    writer.member("kinds") { writer in
      writer.array { writer in
        for total in totals {
          writer.element { writer in
            writer.object { writer in
              writer.member("kind", total.kind.name)
              writer.member("sites", total.sites)
              writer.member("inserted", total.inserted)
              writer.member("removed", total.removed)
            }
          }
        }
      }
    }
  }
}

extension PatchReport {
  /// A row for each program, of kind `all`, and below it one for each kind of its sites.
  var csv: String {
    let columns = [
      "file", "program", "type", "kind", "sites", "inserted", "removed", "before", "after",
    ]
    var rows: [[(column: String, text: String)]] = []
    for entry in entries {
      let statistics = entry.statistics
      func add(_ kind: String, _ sites: Int, _ inserted: Int, _ removed: Int) {
        let numbers = [
          sites, inserted, removed, statistics.originalSlots, statistics.rewrittenSlots,
        ]
        let texts = [entry.file, entry.program, entry.type.name, kind] + numbers.map { String($0) }
        rows.append(zip(columns, texts).map { (column: $0, text: $1) })
      }
      let totals = statistics.totals
      add(
        "all", statistics.sites.count,
        totals.reduce(statistics.widenedSlots) { $0 + $1.inserted },
        totals.reduce(0) { $0 + $1.removed })
      for total in totals { add(total.kind.name, total.sites, total.inserted, total.removed) }
    }
    return CSVText.table(rows, columns: columns)
  }
}
