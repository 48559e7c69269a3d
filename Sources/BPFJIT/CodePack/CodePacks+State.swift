extension CodePacks {
  /// What the allocator's lock guards.
  struct State: Sendable {
    var packs: [CodePack] = []
    var placement: CodePlacement
    var imagesWithOwnPages = 0
    var bytesOfOwnPages = 0
    /// The process whose packs these are.
    var owner: Int32

    /// Chunks of the first pack that has them, or of a new one.
    ///
    /// - Returns: nil where the system has only private pages, which images do not share.
    mutating func takeChunks(
      _ length: Int, hook: TextCopy, system: CodePackSystem
    ) throws(CodePackError) -> CodePlace? {
      for index in packs.indices {
        if let (chunks, heldCode) = try packs[index].take(length, hook: hook) {
          return CodePlace(region: packs[index].region, chunks: chunks, heldCode: heldCode)
        }
      }
      let region: CodeRegion
      do throws(CodePackError) {
        region = try CodeRegion.ofMemoryFile(
          byteCount: CodePack.byteCount, alignment: UInt(CodePack.byteCount), placement: &placement,
          system: system)
      } catch {
        return nil
      }
      var pack = CodePack(region: region)
      guard let (chunks, heldCode) = try pack.take(length, hook: hook) else {
        preconditionFailure("a new pack has room for every image that packs are for")
      }
      packs.append(pack)
      return CodePlace(region: region, chunks: chunks, heldCode: heldCode)
    }

    /// Pages for one image.
    mutating func takePages(
      _ byteCount: Int, isFileAllowed: Bool, system: CodePackSystem
    ) throws(CodePackError) -> CodePlace {
      let region: CodeRegion
      if isFileAllowed {
        region = try CodeRegion.open(
          byteCount: byteCount, alignment: UInt(ExecutableMemory.pageSize), placement: &placement,
          system: system)
      } else {
        region = try CodeRegion.ofPrivatePages(
          byteCount: byteCount, placement: &placement, system: system)
      }
      imagesWithOwnPages += 1
      bytesOfOwnPages += byteCount
      return CodePlace(region: region, chunks: nil, heldCode: false)
    }

    /// Gives back what an image had. Its chunks hold traps again.
    ///
    /// - Returns: A pack's memory that nobody needs any more, to be unmapped outside of the lock.
    mutating func giveBack(_ place: CodePlace) -> CodeRegion? {
      guard let chunks = place.chunks else {
        imagesWithOwnPages -= 1
        bytesOfOwnPages -= place.region.byteCount
        return nil
      }
      guard let index = packs.firstIndex(where: { $0.region === place.region }) else {
        preconditionFailure("an image's pack lives as long as the image")
      }
      packs[index].giveBack(chunks)
      guard packs[index].isEmpty else { return nil }
      let hasOtherEmpty = packs.indices.contains { $0 != index && packs[$0].isEmpty }
      if !hasOtherEmpty, (try? packs[index].makeInaccessible()) != nil { return nil }
      return packs.remove(at: index).region
    }

    /// Forgets the packs that belong to the process this one is a copy of.
    mutating func adopt(by process: Int32) {
      guard owner != process else { return }
      owner = process
      packs = []
      imagesWithOwnPages = 0
      bytesOfOwnPages = 0
    }
  }
}

/// Where an image lies.
struct CodePlace: Sendable {
  let region: CodeRegion
  /// Its chunks; nil where the whole region is the image's.
  let chunks: Range<Int>?
  /// Whether other code was there before.
  let heldCode: Bool

  /// The first byte, from the start of the region.
  var offset: Int { (chunks?.lowerBound ?? 0) * CodePack.chunkSize }
  var byteCount: Int { chunks.map { $0.count * CodePack.chunkSize } ?? region.byteCount }
  var address: UInt { region.base + UInt(offset) }
}
