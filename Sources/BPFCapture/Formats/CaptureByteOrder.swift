/// The order in which a file, or a section of one, stores the bytes of its numbers.
public enum CaptureByteOrder: String, Hashable, Sendable, CaseIterable {
  case littleEndian, bigEndian

  /// The order of the machine that runs this code.
  public static var host: CaptureByteOrder {
    UInt16(littleEndian: 1) == 1 ? .littleEndian : .bigEndian
  }

  /// The other order.
  public var reversed: CaptureByteOrder {
    switch self {
    case .littleEndian: .bigEndian
    case .bigEndian: .littleEndian
    }
  }
}
