// SAFETY (whole file): headers are as large as the prototypes and the sizes beside them say, which the engine checked.

extension ExecutionFrame {
  /// The segment sizes a cookie can say, and the one for a header without any.
  private static let ipv4Sizes: [UInt16] = [536, 1300, 1440, 1460]
  private static let ipv6Sizes: [UInt16] = [1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60]

  /// `bpf_tcp_raw_gen_syncookie_ipv4` and `_ipv6`: the cookie, and above it the segment size that is in it.
  @unsafe
  func generateSYNCookie(
    header: UInt64, tcp: UInt64, size: UInt64, isVersion6: Bool
  ) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    guard size >= TCPHeader.minimumSize else { return KernelError.invalidArgument.result }
    let segment = TCPHeader(bytes: unsafe copyBytes(tcp, count: size))
    guard segment.length == Int(size) else { return KernelError.invalidArgument.result }
    let sizes = isVersion6 ? Self.ipv6Sizes : Self.ipv4Sizes
    let offered = segment.segmentSize ?? sizes[0]
    let index = sizes.lastIndex { $0 <= offered } ?? 0
    let cookie = unsafe cookie(header: header, segment, isVersion6: isVersion6)
    let number = cookie.number(
      for: segment.sequence, minute: minute, data: UInt32(truncatingIfNeeded: index))
    return UInt64(sizes[index]) << 32 | UInt64(number)
  }

  /// `bpf_tcp_raw_check_syncookie_ipv4` and `_ipv6`: whether a packet acknowledges a cookie.
  @unsafe
  func checkSYNCookie(header: UInt64, tcp: UInt64, isVersion6: Bool) -> UInt64 {
    let segment = TCPHeader(
      bytes: unsafe copyBytes(tcp, count: UInt64(TCPHeader.minimumSize)))
    let cookie = unsafe cookie(header: header, segment, isVersion6: isVersion6)
    let data = cookie.data(
      in: segment.acknowledgment &- 1, for: segment.sequence &- 1, minute: minute)
    guard let data, data < Self.ipv4Sizes.count else {
      return KernelError.permissionDenied.result
    }
    return 0
  }

  @unsafe
  private func cookie(header: UInt64, _ segment: TCPHeader, isVersion6: Bool) -> SYNCookie {
    let bytes = unsafe copyBytes(header, count: isVersion6 ? 40 : 20)
    let addresses = isVersion6 ? bytes[8..<40] : bytes[12..<20]
    return SYNCookie(addresses: addresses, header: segment, secret: secret)
  }

  /// The current minute, as cookies count them.
  private var minute: UInt32 {
    UInt32(truncatingIfNeeded: clock.nanoseconds(.monotonic) / 60_000_000_000)
  }
}
