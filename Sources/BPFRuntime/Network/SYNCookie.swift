/// The sequence number of an answer to a TCP connection's first packet that needs no memory of it: what has to be known
/// later is in the number itself, under a secret (RFC 4987 section 3.6).
struct SYNCookie {
  /// The addresses and ports the cookie is good for.
  private let flow: [UInt64]
  private let secret: KeyedHash

  private static let dataBits: UInt32 = 24
  private static let dataMask: UInt32 = 1 << 24 - 1
  /// How many minutes, the current one included, a cookie is good for.
  private static let lifetime: UInt32 = 2

  /// - Parameters:
  ///   - addresses: the connection's addresses, each 4 or 16 bytes.
  ///   - header: the TCP header's first 20 bytes at least.
  init(addresses: ArraySlice<UInt8>, header: TCPHeader, secret: KeyedHash) {
    var words: [UInt64] = []
    var word: UInt64 = 0
    for (index, byte) in addresses.enumerated() {
      word = word << 8 | UInt64(byte)
      if index % 8 == 7 {
        words.append(word)
        word = 0
      }
    }
    flow = words + [UInt64(header.sourcePort) << 16 | UInt64(header.destinationPort)]
    self.secret = secret
  }

  /// The cookie that answers `sequence` in a minute, with a small number in it.
  func number(for sequence: UInt32, minute: UInt32, data: UInt32) -> UInt32 {
    let low = (hash(minute, round: 1) &+ data) & Self.dataMask
    return hash(0, round: 0) &+ sequence &+ minute << Self.dataBits &+ low
  }

  /// The number in a cookie, or nil where it is none or too old.
  func data(in cookie: UInt32, for sequence: UInt32, minute: UInt32) -> UInt32? {
    let rest = cookie &- hash(0, round: 0) &- sequence
    let age = (minute &- rest >> Self.dataBits) & (UInt32.max >> Self.dataBits)
    guard age < Self.lifetime else { return nil }
    return (rest &- hash(minute &- age, round: 1)) & Self.dataMask
  }

  private func hash(_ minute: UInt32, round: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: secret(flow + [UInt64(minute) << 8 | round]))
  }
}

/// What a SYN cookie needs of a TCP header (RFC 9293 section 3.1).
struct TCPHeader {
  let bytes: [UInt8]
  static let minimumSize = 20

  var sourcePort: UInt16 { UInt16(truncatingIfNeeded: number(at: 0, count: 2)) }
  var destinationPort: UInt16 { UInt16(truncatingIfNeeded: number(at: 2, count: 2)) }
  var sequence: UInt32 { number(at: 4, count: 4) }
  var acknowledgment: UInt32 { number(at: 8, count: 4) }
  /// The header's length in bytes, as it says itself.
  var length: Int { Int(bytes[12] >> 4) * 4 }

  /// The maximum segment size it offers; nil where it names none, or 0.
  var segmentSize: UInt16? {
    var size: UInt16?
    var index = Self.minimumSize
    let end = min(length, bytes.count)
    while index < end {
      switch bytes[index] {
      case 0: return size
      case 1: index += 1
      case let kind:
        guard index + 1 < end, bytes[index + 1] >= 2, index + Int(bytes[index + 1]) <= end else {
          return size
        }
        if kind == 2, bytes[index + 1] == 4 {
          let value = UInt16(truncatingIfNeeded: number(at: index + 2, count: 2))
          if value != 0 { size = value }
        }
        index += Int(bytes[index + 1])
      }
    }
    return size
  }

  private func number(at offset: Int, count: Int) -> UInt32 {
    bytes[offset..<offset + count].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
