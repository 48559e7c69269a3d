/// An error of the operating system.
public struct SystemError: Error, Hashable, Sendable {
  /// The positive `errno`.
  public let number: Int32
  /// The system's text for it.
  public let message: String
}
