/// Flags of an update (`BPF_ANY`, … in `linux/bpf.h`).
///
/// The kernel compares them as a number: 3 is no combination but an error (`EINVAL`).
@frozen
public struct MapUpdateFlags: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Make a new entry or change the one there is.
  public static let any = MapUpdateFlags(rawValue: 0)
  /// Make a new entry; `EEXIST` where there is one.
  public static let noExist = MapUpdateFlags(rawValue: 1)
  /// Change an entry; `ENOENT` where there is none.
  public static let exist = MapUpdateFlags(rawValue: 2)
  /// Under the value's spin lock; `EINVAL` where the value has none.
  public static let lock = MapUpdateFlags(rawValue: 4)
}
