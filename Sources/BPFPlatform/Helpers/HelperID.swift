/// The number of a helper function (`enum bpf_func_id` in `linux/bpf.h`).
@frozen
public struct HelperID: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}

extension HelperID: CustomStringConvertible {
  /// The name as C code writes it (`bpf_map_lookup_elem`), or the number where it names no helper.
  public var description: String {
    guard let name else { return "helper #\(rawValue)" }
    return "bpf_\(name)"
  }
}
