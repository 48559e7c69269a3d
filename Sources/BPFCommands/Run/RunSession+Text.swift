import BPFPlatform
import BPFRuntime

extension RunSession {
  /// The report for people.
  ///
  /// - Parameter showsAllEntries: Whether maps are printed whole, however big.
  func text(showsAllEntries: Bool) -> String {
    var sections = [heading]
    if let single {
      sections.append(Self.text(of: single.outcome, output: single.output, in: self))
    }
    sections.append(verdictTable)
    sections.append(redirectTable)
    sections.append(cloneTable)
    sections.append(eventText)
    sections.append(traceText)
    sections.append(faultText)
    sections.append(differenceText)
    sections.append(mapText(showsAllEntries: showsAllEntries))
    sections.append(timeText)
    return sections.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var heading: String {
    "\(path.escapedForDisplay): \(program.name.escapedForDisplay) (\(program.type.name))"
      + " on \(source.escapedForDisplay)\n"
  }

  private static func text(
    of outcome: Outcome, output: [UInt8], in session: RunSession
  ) -> String {
    guard outcome.fault == nil else { return "" }
    let number = outcome.returnValue
    var text = "returned \(number)"
    if number > 9 { text += " (0x\(String(number, radix: 16)))" }
    text += "\n"
    guard !output.isEmpty else { return text }
    let what = session.program.type == .raw ? "memory" : "packet"
    return text + "\(what) afterwards, \(counted(output.count, "byte")):\n" + hexDump(output)
  }

  /// Lines of 16 bytes with their offsets.
  static func hexDump(_ bytes: [UInt8], limit: Int = 256) -> String {
    var text = ""
    for start in stride(from: 0, to: min(bytes.count, limit), by: 16) {
      let row = bytes[start..<min(start + 16, bytes.count, limit)]
      text += "  " + String(start, radix: 16).leftPadded(to: 4) + "  "
      text += HexText.spacedDigits(of: row) + "\n"
    }
    if bytes.count > limit { text += "  … \(counted(bytes.count - limit, "more byte"))\n" }
    return text
  }

  private var verdictTable: String {
    guard single == nil || program.type != .raw else { return "" }
    var table = TextTable(["verdict", "packets", "bytes"])
    for (verdict, count) in report.verdicts {
      table.add([verdict.name, count.packets.grouped, count.bytes.grouped])
    }
    if report.faultCount > 0 { table.add(["(fault)", report.faultCount.grouped, ""]) }
    if report.verdicts.count + (report.faultCount > 0 ? 1 : 0) != 1 {
      table.add(["total", report.total.packets.grouped, report.total.bytes.grouped])
    }
    var text = table.rendered
    if report.skipped > 0 {
      text += "\(counted(report.skipped, "packet")) shorter than an Ethernet header: not run\n"
    }
    if writesPackets {
      text +=
        "written: \(counted(report.written.packets, "packet")), \(counted(report.written.bytes, "byte"))\n"
    }
    return text
  }

  private var redirectTable: String {
    guard !report.redirects.isEmpty else { return "" }
    var table = TextTable(["redirected to", "packets", "bytes"])
    for (target, count) in report.redirects {
      table.add([target.displayName.escapedForDisplay, count.packets.grouped, count.bytes.grouped])
    }
    return table.rendered
  }

  private var cloneTable: String {
    guard !report.clones.isEmpty else { return "" }
    var table = TextTable(["copied to", "packets", "bytes"])
    for (target, count) in report.clones {
      let redirect = ExecutionFrame.Redirect.interface(target.interface, flags: target.flags)
      table.add([redirect.displayName, count.packets.grouped, count.bytes.grouped])
    }
    return table.rendered
  }

  private var eventText: String {
    var text = ""
    for events in report.events where events.records > 0 || events.lost > 0 {
      text += "events of \(events.map.escapedForDisplay) (\(events.kind)): "
      text += "\(counted(events.records, "record")), \(counted(events.bytes, "byte"))"
      text += events.lost > 0 ? ", \(events.lost.grouped) lost\n" : "\n"
      for record in events.first.prefix(3) {
        let cut = record.count > 32 ? " …" : ""
        text += "  \(HexText.spacedDigits(of: record.prefix(32)))\(cut)\n"
      }
      if events.records > 3 { text += "  … \(counted(events.records - 3, "more record"))\n" }
    }
    return text
  }

  private var traceText: String {
    guard report.traceLineCount > 0 else { return "" }
    let shown = report.traceLines.prefix(20)
    var text = "trace_printk, \(counted(report.traceLineCount, "line")):\n"
    for line in shown { text += "  \(line.withoutLineEnd.escapedForDisplay)\n" }
    if report.traceLineCount > shown.count {
      text += "  … \(counted(report.traceLineCount - shown.count, "more line"))\n"
    }
    return text
  }

  private var faultText: String {
    guard report.faultCount > 0 else { return "" }
    let shown = report.faults.prefix(5)
    var text = "\(counted(report.faultCount, "run")) ended in a fault:\n"
    for (packet, fault) in shown {
      let place = single == nil ? "packet \(packet.grouped): " : ""
      text += "  \(place)\("\(fault)".escapedForDisplay)\n"
    }
    if report.faultCount > shown.count {
      text += "  … \((report.faultCount - shown.count).grouped) more\n"
    }
    return text
  }

  private var differenceText: String {
    guard hasDifferences else { return "" }
    var text = ""
    if report.differenceCount > 0 {
      let shown = report.differences.prefix(5)
      text = "engines differ on \(counted(report.differenceCount, "packet")):\n"
      for (packet, what) in shown {
        let place = single == nil ? "packet \(packet.grouped): " : ""
        text += "  \(place)\(what.escapedForDisplay)\n"
      }
      if report.differenceCount > shown.count {
        text += "  … \((report.differenceCount - shown.count).grouped) more\n"
      }
    }
    if let mapDifference {
      text += "engines differ in what maps hold:\n  \(mapDifference.escapedForDisplay)\n"
    }
    return text
  }

  private func mapText(showsAllEntries: Bool) -> String {
    var text = ""
    for map in maps.engine.maps {
      text +=
        maps.listing(
          of: map, limit: showsAllEntries ? .max : MapListing.defaultLimit
        ).text
    }
    return text
  }

  private var timeText: String {
    guard report.runs > 0 else { return "" }
    var table = TextTable(
      [others.isEmpty ? "engine" : "engines", engines.map(\.rawValue).joined(separator: ", ")],
      isHeading: false)
    table.add(["runs", report.runs.grouped])
    if let instructions = report.instructions {
      table.add(["instructions", instructions.grouped])
      if report.runs > 1 {
        table.add(["per run", Self.tenths(instructions * 10 / report.runs)])
      }
    }
    table.add(["ns per run", Self.tenths(report.meanTimeInTenths)])
    if let median = report.medianTime, report.runs > 1 {
      table.add(["median run, ns", median.grouped])
    }
    if let fastest = report.fastest, report.runs > 1 {
      table.add(["fastest run, ns", fastest.grouped])
    }
    return table.rendered + (engineNote.map { "\($0)\n" } ?? "")
  }

  private static func tenths(_ value: Int) -> String {
    "\((value / 10).grouped).\(value % 10)"
  }
}

extension String {
  /// The text without the line end it may have.
  var withoutLineEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}
