import BPFISA

/// Which registers are needed before each instruction: read on some path before they are written.
struct Liveness {
  /// By slot, and one past the last.
  private(set) var before: [UInt16]

  /// How many passes over a program with loops are made at most: as many as loops are nested, mostly. Then all registers are
  /// taken to be needed where loops begin.
  private static let maximumPasses = 4

  /// - Complexity: O(*n*), *n* the slots.
  init(_ listing: borrowing Listing) {
    before = [UInt16](repeating: 0, count: listing.lines.count + 1)
    for _ in 0..<Self.maximumPasses where !pass(listing, isLast: false) { return }
    for slot in listing.lines.indices where listing.lines[slot].isLoopStart { before[slot] = .max }
    _ = pass(listing, isLast: true)
  }

  /// Walks the program backwards once; whether something is needed at the beginning of a loop that was not known to be.
  private mutating func pass(_ listing: borrowing Listing, isLast: Bool) -> Bool {
    var changed = false
    let lines = listing.lines.span
    var before = before.mutableSpan
    var slot = lines.count
    while slot > 0 {
      slot -= 1
      let line = lines[slot]
      var needed: UInt16
      switch line.flow {
      case .straight: needed = before[slot + (line.isWide ? 2 : 1)]
      case .branch: needed = before[slot + 1] | before[Int(line.target)]
      case .jump: needed = before[Int(line.target)]
      case .end: needed = 0
      case .secondSlot: continue
      }
      needed = needed & ~line.writes | line.reads
      if line.isLoopStart {
        if isLast { continue }
        if needed != before[slot] { changed = true }
      }
      before[slot] = needed
    }
    return changed
  }
}
