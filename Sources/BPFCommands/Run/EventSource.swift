import BPFPlatform
import BPFRuntime

/// A map whose events a run gathers.
struct EventSource {
  let map: Map

  var name: String { map.spec.name }
  var kind: String { map.spec.kind.name }

  /// The map if it is of a kind that holds events.
  init?(_ map: Map) {
    guard map.spec.kind == .ringBuffer || map.spec.kind == .perfEventArray else { return nil }
    self.map = map
  }

  /// Takes the events out of the map and counts them.
  func drain(into report: inout RunReport, as index: Int) {
    if map.spec.kind == .ringBuffer {
      for record in map.takeRecords() { report.recordEvent(index, record) }
      report.recordLostEvents(index, map.lostRecords)
    } else {
      for event in map.takeEvents() { report.recordEvent(index, event.bytes) }
      report.recordLostEvents(index, map.lostEvents())
    }
  }
}
