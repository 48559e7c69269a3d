/// Why a map or an operation on it is refused.
public struct MapError: Error, Hashable, Sendable {
  /// The map's name.
  public let map: String
  public let reason: Reason

  public init(map: String, reason: Reason) {
    self.map = map
    self.reason = reason
  }

  public enum Reason: Hashable, Sendable {
    /// No live map of this kind exists yet.
    case unsupportedKind(String)
    /// The kernel's error for the operation, as a positive `errno`.
    case errno(Int32, String)
  }
}
