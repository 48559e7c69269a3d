import BPFPlatform
import BPFRuntime

extension RunSession {
  /// The report for other programs: the same and more, nothing cut but what is said to be.
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("object", path)
      writer.member("program", program.name)
      writer.member("type", program.type.name)
      writer.member("source", source)
      writer.member("engine", engine.rawValue)
      if let engineNote { writer.member("engine_note", engineNote) }
      if !others.isEmpty {
        writer.member("engines", engines.map(\.rawValue))
        writer.member("differences") { writeDifferences(to: &$0) }
      }
      if let single { write(single.outcome, output: single.output, to: &writer) }
      writer.member("packets", report.total.packets)
      writer.member("bytes", report.total.bytes)
      writer.member("skipped", report.skipped)
      if writesPackets {
        writer.member("written") { write(report.written, to: &$0) }
      }
      writer.member("verdicts") { writer in
        writer.object { writer in
          for (verdict, count) in report.verdicts {
            writer.member(verdict.name) { write(count, to: &$0) }
          }
        }
      }
      writer.member("redirects") { writer in
        writer.array { writer in
          for (target, count) in report.redirects {
            writer.element { writer in
              writer.object { writer in
                write(target, to: &writer)
                writer.member("packets", count.packets)
                writer.member("bytes", count.bytes)
              }
            }
          }
        }
      }
      writer.member("clones") { writer in
        writer.array { writer in
          for (target, count) in report.clones {
            writer.element { writer in
              writer.object { writer in
                writer.member("interface", target.interface)
                writer.member("flags", target.flags)
                writer.member("packets", count.packets)
                writer.member("bytes", count.bytes)
              }
            }
          }
        }
      }
      writer.member("events") { writer in
        writer.array { writer in
          for events in report.events { writer.element { write(events, to: &$0) } }
        }
      }
      writer.member("trace") { writer in
        writer.object { writer in
          writer.member("count", report.traceLineCount)
          writer.member("lines", report.traceLines.map(\.withoutLineEnd))
        }
      }
      writer.member("faults") { writer in
        writer.object { writer in
          writer.member("count", report.faultCount)
          writer.member("first") { writer in
            writer.array { writer in
              for (packet, fault) in report.faults {
                writer.element { write(fault, packet: packet, to: &$0) }
              }
            }
          }
        }
      }
      writer.member("maps") { writer in
        writer.array { writer in
          for map in maps.engine.maps {
            writer.element { maps.listing(of: map).write(to: &$0) }
          }
        }
      }
      writer.member("runs", report.runs)
      if let instructions = report.instructions { writer.member("instructions", instructions) }
      writer.member("ns") { $0.tenths(report.meanTimeInTenths) }
      if let median = report.medianTime { writer.member("median_ns", median) }
      if let fastest = report.fastest { writer.member("fastest_ns", fastest) }
    }
  }

  private func writeDifferences(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("count", report.differenceCount)
      writer.member("first") { writer in
        writer.array { writer in
          for (packet, what) in report.differences {
            writer.element { writer in
              writer.object { writer in
                writer.member("packet", packet)
                writer.member("message", what)
              }
            }
          }
        }
      }
      if let mapDifference { writer.member("maps", mapDifference) }
    }
  }

  private func write(_ outcome: Outcome, output: [UInt8], to writer: inout JSONWriter) {
    writer.member("return", outcome.returnValue)
    writer.member("output") { $0.hex(output) }
  }

  private func write(_ count: RunReport.Count, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("packets", count.packets)
      writer.member("bytes", count.bytes)
    }
  }

  private func write(_ target: ExecutionFrame.Redirect, to writer: inout JSONWriter) {
    switch target {
    case .interface(let index, let flags):
      writer.member("interface", index)
      writer.member("flags", flags)
    case .mapEntry(let map, let index, let flags):
      writer.member("map", map)
      writer.member("index", index)
      writer.member("flags", flags)
    case .peer(let index): writer.member("peer", index)
    case .neighbor(let index, let nextHop):
      writer.member("interface", index)
      let text = nextHop.flatMap { NetworkAddress.text(of: $0.bytes[...]) }
      writer.member("neighbor", text.map(JSONValue.string) ?? .null)
    }
  }

  private func write(_ events: RunReport.Events, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("map", events.map)
      writer.member("kind", events.kind)
      writer.member("records", events.records)
      writer.member("bytes", events.bytes)
      writer.member("lost", events.lost)
      writer.member("first") { writer in
        writer.array { writer in
          for record in events.first { writer.element { $0.hex(record) } }
        }
      }
    }
  }

  private func write(_ fault: Fault, packet: Int, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("packet", packet)
      writer.member("class", ReasonClass.name(of: fault.kind))
      writer.member("program", fault.program)
      writer.member("instruction", fault.slot)
      writer.member("message", "\(fault)")
    }
  }
}
