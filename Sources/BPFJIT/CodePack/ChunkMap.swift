/// Which chunks of a pack are in use: a bit for each.
struct ChunkMap: Sendable {
  /// A set bit is a chunk in use.
  private var words: [UInt64]
  let count: Int
  private(set) var usedCount = 0
  /// No chunk before this one is free.
  private var firstFree = 0
  /// No run of so many chunks is free, and so none of more.
  private var tooMany: Int

  /// All chunks are free.
  init(count: Int) {
    precondition(count > 0 && count.isMultiple(of: 64), "chunks come in words of 64")
    self.count = count
    words = [UInt64](repeating: 0, count: count / 64)
    tooMany = count + 1
  }

  var isEmpty: Bool { usedCount == 0 }

  /// Takes the first run of so many free chunks, or nothing where there is none.
  ///
  /// - Complexity: O(words + runs of free chunks before it); O(1) for as many as were not free at the last call.
  mutating func take(_ length: Int) -> Range<Int>? {
    precondition(length > 0, "an image has at least one chunk")
    guard length < tooMany else { return nil }
    var start = firstFree
    var isFirst = true
    while start < count {
      start = next(from: start, isUsed: false)
      if isFirst {
        firstFree = start
        isFirst = false
      }
      guard start + length <= count else { break }
      let end = next(from: start, isUsed: true, before: start + length)
      if end - start >= length {
        let run = start..<start + length
        set(run)
        if firstFree == start { firstFree = run.upperBound }
        return run
      }
      start = end
    }
    tooMany = length
    return nil
  }

  /// Gives back chunks that ``take(_:)`` gave.
  mutating func giveBack(_ run: Range<Int>) {
    for (index, mask) in Self.masks(run) {
      precondition(words[index] & mask == mask, "only chunks in use are given back")
      words[index] &= ~mask
    }
    usedCount -= run.count
    firstFree = min(firstFree, run.lowerBound)
    tooMany = count + 1
  }

  private mutating func set(_ run: Range<Int>) {
    for (index, mask) in Self.masks(run) { words[index] |= mask }
    usedCount += run.count
  }

  /// The first chunk from `start` on that is in use or free, as asked; `limit` if there is none before it.
  private func next(from start: Int, isUsed: Bool, before limit: Int? = nil) -> Int {
    let limit = limit ?? count
    var index = start / 64
    var skipped = UInt64.max << UInt64(start % 64)
    while index * 64 < limit {
      let found = (isUsed ? words[index] : ~words[index]) & skipped
      if found != 0 { return min(limit, index * 64 + found.trailingZeroBitCount) }
      skipped = .max
      index += 1
    }
    return limit
  }

  /// The words that a run lies in, and which of their bits are its own.
  private static func masks(_ run: Range<Int>) -> some Sequence<(Int, UInt64)> {
    (run.lowerBound / 64...(run.upperBound - 1) / 64).lazy.map { index in
      let low = max(run.lowerBound - index * 64, 0)
      let high = min(run.upperBound - index * 64, 64)
      return (index, (UInt64.max >> UInt64(64 - (high - low))) << UInt64(low))
    }
  }
}
