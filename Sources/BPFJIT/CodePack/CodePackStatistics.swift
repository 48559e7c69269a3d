/// What code takes in memory at a moment.
public struct CodePackStatistics: Hashable, Sendable {
  /// Packs, an empty one that is kept among them.
  public internal(set) var packs = 0
  /// Images that lie in packs, finalized or not.
  public internal(set) var packedImages = 0
  /// Images with pages of their own, finalized or not.
  public internal(set) var imagesWithOwnPages = 0
  /// Bytes of the chunks and pages that images have.
  public internal(set) var bytesInUse = 0
  /// Bytes of address space that packs and images with pages of their own have.
  public internal(set) var bytesMapped = 0
  /// Bytes of memory behind it: the system takes no page for addresses that no image had yet.
  public internal(set) var bytesTouched = 0

  public init() {}
}
