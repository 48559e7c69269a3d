internal import Synchronization

/// An image's place. It is given back when this goes, with traps in it.
struct CodeReservation: ~Copyable, Sendable {
  private let packs: CodePacks
  private let copy: TextCopy
  let place: CodePlace
  /// Whether the place may hold other bytes than traps.
  private var isWritten = false

  init(packs: CodePacks, copy: TextCopy, place: CodePlace) {
    self.packs = packs
    self.copy = copy
    self.place = place
  }

  var trap: TrapPattern { copy.trap }

  /// The one copy.
  mutating func write(_ bytes: borrowing RawSpan) throws(CodePackError) {
    isWritten = true
    try copy.copy(bytes, place.region, place.offset)
    if place.heldCode { copy.fence() }
  }

  deinit {
    // A child process has the memory in common with its parent, which may run what is there.
    guard place.region.owner == packs.system.processIdentifier() else { return }
    let place = place
    // Pages of its own are unmapped with the region.
    if isWritten, place.chunks != nil {
      do throws(CodePackError) {
        try copy.fill(place.region, from: place.offset, byteCount: place.byteCount)
      } catch {
        // Chunks that cannot be refilled are not used again.
        return
      }
    }
    let unneeded = packs.state.withLock { state in state.giveBack(place) }
    withExtendedLifetime(unneeded) {}
  }
}
