/// Addresses to try for executable memory, one after another, all within reach of an anchor.
///
/// A near call reaches ±2 GiB, so that code within ±1 GiB of the anchor reaches the anchor's functions and all other such code.
/// The first address lies at a random distance below the anchor: what follows a program in memory is its heap, which
/// would have no place to grow.
struct CodePlacement: Sendable {
  /// How far from the anchor code may lie, in bytes.
  static let reach: UInt = 1 << 30
  /// How many addresses are tried before the system chooses one.
  static let attempts = 128

  let range: Range<UInt>
  /// The next place ends here or below.
  private var end: UInt

  /// - Parameter distance: how far below the anchor the first place ends at least, in bytes.
  init(near anchor: UInt, distance: UInt) {
    // No process has memory in the first 64 KiB, or in the upper half of the addresses.
    let low = max(anchor > Self.reach ? anchor - Self.reach : 0, 1 << 16)
    let high = min(anchor.addingReportingOverflow(Self.reach).partialValue, 0x7fff_ffff_f000)
    range = low < high ? low..<high : 0..<0
    end = anchor > distance ? min(max(anchor - distance, range.lowerBound), range.upperBound) : 0
  }

  /// A place for so many bytes; below the one before, and from the upper end again below the lower one. Nil where so much has
  /// no place within reach.
  mutating func next(byteCount: Int, alignment: UInt) -> UInt? {
    let size = UInt(byteCount)
    guard
      let base = base(endingBy: end, size: size, alignment: alignment)
        ?? base(endingBy: range.upperBound, size: size, alignment: alignment)
    else { return nil }
    end = base
    return base
  }

  private func base(endingBy end: UInt, size: UInt, alignment: UInt) -> UInt? {
    guard size <= end else { return nil }
    let base = (end - size) & ~(alignment - 1)
    return base >= range.lowerBound ? base : nil
  }
}
