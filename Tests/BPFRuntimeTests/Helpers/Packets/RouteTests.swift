import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// Routes, neighbours and interfaces that a host presents; needs no kernel.
@Suite struct RouteTests {
  private static let mine: [UInt8] = [2, 0, 0, 0, 0, 2]
  private static let gateway: [UInt8] = [2, 0, 0, 0, 0, 0xfe]

  private static func ipv4(_ bytes: UInt8...) -> IPAddress {
    IPAddress(bytes: bytes) ?? .v4(0)
  }

  private static func ipv6(_ first: UInt64, _ last: UInt64) -> IPAddress { .v6(first, last) }

  private static let network: NetworkTable = {
    var network = NetworkTable()
    network.add(.init(index: 2, mtu: 1400, hardwareAddress: mine))
    network.add(.init(index: 3, mtu: 9000, hardwareAddress: [2, 0, 0, 0, 0, 3]))
    var down = NetworkTable.Interface(index: 4)
    down.isUp = false
    network.add(down)
    var preferred = NetworkTable.Route(
      ipv4(0, 0, 0, 0), prefixLength: 0, .forward(interface: 2, gateway: ipv4(192, 0, 2, 1)))
    preferred.metric = 100
    preferred.source = ipv4(192, 0, 2, 2)
    network.add(preferred)
    network.add(.init(ipv4(192, 0, 2, 0), prefixLength: 24, .forward(interface: 2)))
    network.add(.init(ipv4(10, 1, 0, 0), prefixLength: 16, .forward(interface: 3)))
    var small = NetworkTable.Route(
      ipv4(10, 1, 2, 0), prefixLength: 24, .forward(interface: 3, gateway: ipv6(1 << 61, 9)))
    small.mtu = 1280
    network.add(small)
    network.add(.init(ipv4(10, 1, 2, 3), prefixLength: 32, .blackhole))
    network.add(.init(ipv4(10, 2, 0, 0), prefixLength: 16, .unreachable))
    network.add(.init(ipv4(10, 3, 0, 0), prefixLength: 16, .prohibit))
    network.add(.init(ipv4(10, 4, 0, 0), prefixLength: 16, .encapsulate(interface: 2)))
    network.add(.init(ipv4(10, 5, 0, 0), prefixLength: 16, .throw))
    network.add(.init(ipv4(10, 6, 0, 0), prefixLength: 16, .forward(interface: 4)))
    var local = NetworkTable.Route(ipv4(192, 0, 2, 2), prefixLength: 32, .deliver)
    local.table = NetworkTable.localTable
    network.add(local)
    var marked = NetworkTable.Route(ipv4(0, 0, 0, 0), prefixLength: 0, .forward(interface: 3))
    marked.table = 100
    network.add(marked)
    network.rules.insert(.init(mark: 7, mask: 0xff, table: 100), at: 0)
    network.add(
      .init(
        ipv6(0x2001_0db8 << 32, 0), prefixLength: 32,
        .forward(interface: 3, gateway: ipv6(0xfe80 << 48, 1))))
    network.add(neighbor: ipv4(192, 0, 2, 1), on: 2, hardwareAddress: gateway)
    network.add(neighbor: ipv6(0xfe80 << 48, 1), on: 3, hardwareAddress: gateway)
    network.add(neighbor: ipv6(1 << 61, 9), on: 3, hardwareAddress: gateway)
    network.add(neighbor: ipv4(10, 6, 0, 1), on: 4, hardwareAddress: gateway)
    return network
  }()

  /// What a lookup returned, and its structure afterwards.
  private func lookUp(
    _ destination: IPAddress, from source: IPAddress? = nil, flags: UInt64 = 0, length: UInt16 = 0,
    interface: UInt8 = 2, table: UInt8 = 0, mark: UInt8 = 0, as type: ProgramType = .schedCLS,
    packet: Int = 60
  ) throws -> (result: Int64, fields: [UInt8]) {
    var fields = [UInt8](repeating: 0, count: 64)
    fields[0] = destination.width == 32 ? 2 : 10
    (fields[6], fields[7]) = (UInt8(length & 0xff), UInt8(length >> 8))
    fields[8] = interface
    if let source { fields.replaceSubrange(16..<(16 + source.bytes.count), with: source.bytes) }
    let bytes = destination.bytes
    fields.replaceSubrange(32..<(32 + bytes.count), with: bytes)
    fields[48] = table
    fields[52] = mark
    let frame = ExecutionFrame(type: type, layout: ContextLayout(for: type))
    frame.network = Self.network
    try frame.load([UInt8](repeating: 0, count: packet))
    let result = unsafe fields.withUnsafeMutableBytes { fields in
      unsafe frame.callHelper(
        .fibLookup, 0, UInt64(UInt(bitPattern: fields.baseAddress)), 64, flags, 0)
    }
    return (Int64(bitPattern: result), fields)
  }

  @Test func `the longest prefix wins`() throws {
    let (result, fields) = try lookUp(Self.ipv4(198, 51, 100, 7))
    #expect(result == 0)
    #expect(fields[8] == 2)
    #expect(fields[12..<16] == [100, 0, 0, 0])
    // The next hop takes the destination's place.
    #expect(fields[32..<36] == [192, 0, 2, 1])
    #expect(Array(fields[52..<58]) == Self.mine)
    #expect(Array(fields[58..<64]) == Self.gateway)
    // The longest packet: what the interface takes.
    #expect(fields[6..<8] == [0x78, 0x05])
    #expect(try lookUp(Self.ipv4(10, 1, 9, 9), flags: 4).fields[8] == 3)
    #expect(try lookUp(Self.ipv4(10, 1, 9, 9)).result == 7)
  }

  @Test func `routes say why they do not forward`() throws {
    #expect(try lookUp(Self.ipv4(10, 1, 2, 3)).result == 1)
    #expect(try lookUp(Self.ipv4(10, 2, 0, 1)).result == 2)
    #expect(try lookUp(Self.ipv4(10, 3, 0, 1)).result == 3)
    #expect(try lookUp(Self.ipv4(192, 0, 2, 2)).result == 4)
    #expect(try lookUp(Self.ipv4(10, 4, 0, 1)).result == 6)
    #expect(try lookUp(Self.ipv4(10, 5, 0, 1)).result == 4)
    #expect(try lookUp(Self.ipv4(10, 2, 0, 1), interface: 1).result == 5)
    #expect(try lookUp(Self.ipv4(10, 2, 0, 1), interface: 9).result == -19)
    #expect(try lookUp(Self.ipv6(0x2002 << 48, 1)).result == 4)
    #expect(try lookUp(Self.ipv6(0xfe80 << 48, 1)).result == 4)
  }

  @Test func `a version 6 gateway carries version 4`() throws {
    let (result, fields) = try lookUp(Self.ipv4(10, 1, 2, 9))
    #expect(result == 0)
    #expect(fields[0] == 10)
    #expect(Array(fields[32..<48]) == Self.ipv6(1 << 61, 9).bytes)
    let (other, second) = try lookUp(Self.ipv6(0x2001_0db8 << 32, 77))
    #expect(other == 0)
    #expect(Array(second[32..<48]) == Self.ipv6(0xfe80 << 48, 1).bytes)
    #expect(Array(second[58..<64]) == Self.gateway)
  }

  @Test func `lengths are checked by the route and the interface`() throws {
    let route = Self.ipv4(10, 1, 2, 9)
    #expect(try lookUp(route, length: 1280).result == 0)
    let (result, fields) = try lookUp(route, length: 1281)
    #expect(result == 8)
    #expect(fields[6..<8] == [0x00, 0x05])
    #expect(try lookUp(Self.ipv4(198, 51, 100, 7), packet: 1418).result == 0)
    #expect(try lookUp(Self.ipv4(198, 51, 100, 7), packet: 1419).result == 8)
    #expect(try lookUp(Self.ipv4(10, 6, 0, 1)).result == 8)
    // XDP programs are asked for a length in any case, and 0 fits.
    #expect(try lookUp(route, as: .xdp).result == 0)
    #expect(try lookUp(route, length: 1281, as: .xdp).result == 8)
  }

  @Test func `flags choose table, mark, interface and source`() throws {
    let anywhere = Self.ipv4(198, 51, 100, 7)
    #expect(try lookUp(anywhere, flags: 4 | 32, mark: 7).fields[8] == 3)
    #expect(try lookUp(anywhere, flags: 4, mark: 7).fields[8] == 2)
    #expect(try lookUp(anywhere, flags: 1 | 4 | 8, table: 100).fields[8] == 3)
    #expect(try lookUp(anywhere, flags: 1 | 4 | 8, table: 99).result == 4)
    // In the main table alone, this host's own address is an address of its network.
    #expect(try lookUp(Self.ipv4(192, 0, 2, 2), flags: 1 | 4).result == 0)
    #expect(try lookUp(anywhere, flags: 4 | 16).fields[16..<20] == [192, 0, 2, 2])
    #expect(try lookUp(Self.ipv4(10, 1, 9, 9), flags: 4 | 16).result == 9)
    // Only routes out of the interface count.
    #expect(try lookUp(Self.ipv4(10, 1, 9, 9), flags: 2 | 4, interface: 3).fields[8] == 3)
    #expect(try lookUp(anywhere, flags: 2 | 4, interface: 3).result == 4)
  }

  @Test func `without a network nothing is forwarded`() throws {
    var fields = [UInt8](repeating: 0, count: 64)
    fields[0] = 2
    let frame = ExecutionFrame(type: .xdp, layout: .xdp)
    try frame.load([UInt8](repeating: 0, count: 60))
    let result = unsafe fields.withUnsafeMutableBytes { fields in
      unsafe frame.callHelper(
        .fibLookup, 0, UInt64(UInt(bitPattern: fields.baseAddress)), 64, 0, 0)
    }
    #expect(result == 4)
  }

  @Test func `prefixes of any length are masked`() {
    for length in 0...32 {
      let bits = length == 0 ? 0 : ~UInt32(0) << UInt32(32 - length)
      #expect(IPAddress.v4(.max).masked(to: length) == .v4(bits))
    }
    for length in 0...128 {
      let masked = IPAddress.v6(.max, .max).masked(to: length)
      let ones = masked.bytes.reduce(0) { $0 + $1.nonzeroBitCount }
      #expect(ones == length)
      #expect(masked.bytes.prefix(length / 8).allSatisfy { $0 == 0xff })
    }
  }
}
