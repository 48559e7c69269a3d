/// What a map may take of the host's memory, whatever its declaration says.
///
/// Maps come from object files one need not trust. Memory is taken page by page as entries are written; the limit
/// is on what a map could take at most.
public struct MapLimits: Hashable, Sendable {
  /// The bytes one map may ever take. A map that could take more is refused with `ENOMEM`.
  public var maximumBytes: Int
  /// The bytes of events that one worker's buffer of a `perf_event_array` holds; what comes after is lost.
  public var eventBufferBytes: Int

  public init(maximumBytes: Int = 4 << 30, eventBufferBytes: Int = 64 * 4096) {
    self.maximumBytes = maximumBytes
    self.eventBufferBytes = eventBufferBytes
  }

  public static let standard = MapLimits()
}
