/// Entries that one batch found.
public struct MapBatch: Sendable {
  public let entries: [(key: [UInt8], value: [UInt8])]
  /// Where the next batch goes on; nil for the beginning.
  public let cursor: MapBatchCursor?
  /// Why there are no more: `ENOENT` at the map's end, with the entries before it; nil where there may be.
  public let error: MapError?
}

/// Where a batch ended, and the next begins: of use for the map it came from only.
public struct MapBatchCursor: Hashable, Sendable {
  enum Place: Hashable {
    /// A hash map's next bucket.
    case bucket(Int)
    /// The key seen last.
    case key([UInt8])
  }

  let place: Place
}

/// The batches of `bpf(2)`, of which each kind of map has its own.
enum MapBatchOperation {
  case look
  case take
  case update
  case delete
}
