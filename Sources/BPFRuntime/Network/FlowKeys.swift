/// What tells a packet's flow from others: addresses, ports, protocol, VLAN.
///
/// The same for both directions of a flow, as the kernel's flow hash has it.
struct FlowKeys {
  private(set) var etherType: UInt16
  private(set) var tag: UInt16 = 0
  private(set) var addresses: [UInt64] = []
  private(set) var flowLabel: UInt32 = 0
  private(set) var transport: UInt8 = 0
  private(set) var ports: UInt32 = 0

  /// How many tags and extension headers to look behind.
  private static let maximumHeaders = 15

  /// - Parameters:
  ///   - packet: the bytes from the network header on, as many as headers take.
  ///   - etherType: what that header is, in network byte order.
  init(_ packet: [UInt8], etherType: UInt16) {
    self.etherType = etherType
    var reader = Reader(bytes: packet)
    var headers = 0
    while EtherType.isVLAN(self.etherType), headers < Self.maximumHeaders,
      let control = reader.integer(2), let next = reader.integer(2, at: 2)
    {
      if headers == 0 { tag = UInt16(truncatingIfNeeded: control) & 0xfff }
      self.etherType = UInt16(truncatingIfNeeded: next).bigEndian
      reader.offset += 4
      headers += 1
    }
    switch self.etherType {
    case EtherType.ipv4: dissectIPv4(&reader)
    case EtherType.ipv6: dissectIPv6(&reader)
    default: break
    }
  }

  private mutating func dissectIPv4(_ reader: inout Reader) {
    guard let first = reader.integer(1), first & 0xf >= 5, let source = reader.integer(4, at: 12),
      let destination = reader.integer(4, at: 16), let number = reader.integer(1, at: 9),
      let fragment = reader.integer(2, at: 6)
    else { return }
    addresses = source <= destination ? [source, destination] : [destination, source]
    let swapped = source > destination
    transport = UInt8(truncatingIfNeeded: number)
    // More fragments, or not the first.
    guard fragment & 0x3fff == 0 else { return }
    reader.offset += Int(first & 0xf) * 4
    dissectTransport(reader, swapped: swapped ? true : source < destination ? false : nil)
  }

  private mutating func dissectIPv6(_ reader: inout Reader) {
    guard let first = reader.integer(4), var number = reader.integer(1, at: 6),
      reader.integer(8, at: 32) != nil
    else { return }
    let words = [8, 16, 24, 32].compactMap { reader.integer(8, at: $0) }
    let source = (words[0], words[1])
    let destination = (words[2], words[3])
    addresses = source <= destination ? words : [words[2], words[3], words[0], words[1]]
    let swapped: Bool? = source == destination ? nil : source > destination
    flowLabel = UInt32(truncatingIfNeeded: first) & 0xfffff
    transport = UInt8(truncatingIfNeeded: number)
    // A label stands for what it labels.
    guard flowLabel == 0 else { return }
    reader.offset += 40
    // Hop-by-hop options, routing, destination options.
    var headers = 0
    while [0, 43, 60].contains(number), headers < Self.maximumHeaders,
      let next = reader.integer(1), let length = reader.integer(1, at: 1)
    {
      number = next
      reader.offset += (Int(length) + 1) * 8
      headers += 1
    }
    transport = UInt8(truncatingIfNeeded: number)
    dissectTransport(reader, swapped: swapped)
  }

  /// - Parameter swapped: whether the addresses were exchanged; nil where they are the same.
  private mutating func dissectTransport(_ reader: Reader, swapped: Bool?) {
    switch transport {
    // TCP, UDP, DCCP, SCTP, UDP-Lite.
    case 6, 17, 33, 132, 136:
      guard let source = reader.integer(2), let destination = reader.integer(2, at: 2) else {
        return
      }
      let isSwapped = swapped ?? (source > destination)
      ports = UInt32(
        truncatingIfNeeded: isSwapped ? destination << 16 | source : source << 16 | destination)
    default: break
    }
  }

  /// The flow's hash; never 0, which stands for none.
  func hash(_ secret: KeyedHash) -> UInt32 {
    let numbers = UInt64(etherType) | UInt64(transport) << 16 | UInt64(tag) << 24
    let hash = secret(
      [numbers | UInt64(flowLabel) << 40, UInt64(ports)] + addresses)
    let folded = UInt32(truncatingIfNeeded: hash) ^ UInt32(truncatingIfNeeded: hash >> 32)
    return folded == 0 ? 1 : folded
  }

  /// Reads big-endian integers behind an offset.
  private struct Reader {
    let bytes: [UInt8]
    var offset = 0

    func integer(_ count: Int, at distance: Int = 0) -> UInt64? {
      let start = offset + distance
      guard start >= 0, start + count <= bytes.count else { return nil }
      return bytes[start..<start + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
