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

  /// Takes the records or events out of the map.
  func take() -> [[UInt8]] {
    map.spec.kind == .ringBuffer ? map.takeRecords() : map.takeEvents().map(\.bytes)
  }

  /// How many were lost since the map was made.
  var lost: Int { map.spec.kind == .ringBuffer ? map.lostRecords : map.lostEvents() }

  /// Takes the events out of the map and counts them.
  ///
  /// - Returns: the events.
  @discardableResult
  func drain(into report: inout RunReport, as index: Int) -> [[UInt8]] {
    let events = take()
    for event in events { report.recordEvent(index, event) }
    report.recordLostEvents(index, lost)
    return events
  }
}
