/// The number of a helper function (`enum bpf_func_id` in `linux/bpf.h`).
@frozen
public struct HelperID: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}
