import Synchronization

/// What changes of a map beside its entries.
final class MapState: Sendable {
  private let frozen = Atomic(false)
  let timers = TimerTable()

  var isFrozen: Bool { frozen.load(ordering: .acquiring) }

  func freeze() { frozen.store(true, ordering: .releasing) }
}
