/// A region that is handed out in chunks, first fit, and what of it is in use.
struct CodePack: Sendable {
  /// Bytes of a pack: as large as a page of the next size, of which a processor keeps the address in one place.
  static let byteCount = 2 << 20
  /// Bytes of a chunk: a cache line, so that images share none.
  static let chunkSize = 64

  let region: CodeRegion
  private(set) var chunks = ChunkMap(count: byteCount / chunkSize)
  private(set) var imageCount = 0
  /// Bytes from the start that hold code or traps. What follows is beyond the end of the file, and not accessible.
  private(set) var filledBytes = 0
  /// No chunk from here on held code yet.
  private var firstUnused = 0
  /// Whether its addresses can be executed: not while it is kept empty.
  private var isExecutable = true

  init(region: CodeRegion) { self.region = region }

  var isEmpty: Bool { chunks.isEmpty }

  /// Takes chunks, which hold traps, and says whether they held code before; nil where there are not so many in a row.
  mutating func take(
    _ length: Int, hook: TextCopy
  ) throws(CodePackError) -> (chunks: Range<Int>, heldCode: Bool)? {
    guard let run = chunks.take(length) else { return nil }
    do throws(CodePackError) {
      try fill(through: run.upperBound * Self.chunkSize, hook: hook)
      if !isExecutable {
        try region.setExecutable(true)
        isExecutable = true
      }
    } catch {
      chunks.giveBack(run)
      throw error
    }
    imageCount += 1
    let heldCode = run.lowerBound < firstUnused
    firstUnused = max(firstUnused, run.upperBound)
    return (run, heldCode)
  }

  /// Gives back chunks that hold traps again.
  mutating func giveBack(_ run: Range<Int>) {
    chunks.giveBack(run)
    imageCount -= 1
  }

  /// Makes an empty pack inaccessible until it is used again.
  mutating func makeInaccessible() throws(CodePackError) {
    try region.setExecutable(false)
    isExecutable = false
  }

  /// Fills whole pages with traps, so that the file has them.
  private mutating func fill(through end: Int, hook: TextCopy) throws(CodePackError) {
    let page = ExecutableMemory.pageSize
    while filledBytes < end {
      try hook.fill(region, from: filledBytes, byteCount: page)
      filledBytes += page
    }
  }
}
