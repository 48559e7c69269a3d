/// What stands before an image in its chunks, so that chunks tell what they hold: two numbers in the machine's byte order.
///
/// | byte | |
/// |---|---|
/// | 0..<4 | the size of the image in bytes |
/// | 4..<8 | where it begins, in bytes from the header |
/// | 8..<16 | trapping instructions |
public struct CodeHeader: Hashable, Sendable {
  /// The bytes that a header takes. An image begins at a multiple of it unless its start is random.
  public static let byteCount = 16

  public let imageSize: UInt32
  public let imageOffset: UInt32

  public init(imageSize: UInt32, imageOffset: UInt32) {
    self.imageSize = imageSize
    self.imageOffset = imageOffset
  }
}
