import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// What packet helpers leave for the host, and what depends on a key of its own; needs no kernel.
@Suite struct PacketEffectTests {
  private func frame(
    _ packet: [UInt8], as type: ProgramType = .schedCLS,
    prepare: (ExecutionFrame) -> Void = { _ in }
  ) throws -> ExecutionFrame {
    let frame = ExecutionFrame(type: type, layout: ContextLayout(for: type))
    prepare(frame)
    try frame.load(packet)
    return frame
  }

  private func call(_ frame: ExecutionFrame, _ helper: HelperID, _ arguments: UInt64...) -> UInt64 {
    func argument(_ index: Int) -> UInt64 { index < arguments.count ? arguments[index] : 0 }
    return unsafe frame.callHelper(
      helper, 0, argument(0), argument(1), argument(2), argument(3))
  }

  @Test func `copies are what the packet was`() throws {
    let packet = PacketSamples.ipv4Frames[0]
    var builder = ProgramBuilder("copies")
    builder.move(.r6, .r1)
    for (interface, flags) in [(5, 0), (6, 1)] as [(Int32, Int32)] {
      builder.move(.r1, .r6)
      builder.move(.r2, interface)
      builder.move(.r3, flags)
      builder.call(.cloneRedirect)
      builder.move(.r1, .r6)
      builder.move(.r2, 0x0081)
      builder.move(.r3, 5)
      builder.call(.skbVLANPush)
      builder.move(.r1, .r6)
      builder.move(.r2, 40)
      builder.move(.r3, 0)
      builder.call(.skbChangeTail)
    }
    builder.move(.r0, 0)
    builder.exit()
    let program = try LoadedProgram(unverified: builder.program(), type: .schedCLS, maps: [])
    let frame = program.makeFrame()
    for _ in 0..<2 {
      try frame.load(packet)
      let outcome = program.run(frame)
      #expect(outcome.fault == nil)
      #expect(
        outcome.clones == [
          PacketClone(bytes: packet, interface: 5, flags: 0, tag: nil),
          PacketClone(
            bytes: Array(packet.prefix(40)), interface: 6, flags: 1,
            tag: VLANTag(etherType: 0x8100, control: 5)),
        ])
    }
  }

  @Test func `next hops of redirects are addresses`() throws {
    let frame = try frame(PacketSamples.all[0])
    func redirect(_ family: UInt8, _ address: [UInt8]) -> ExecutionFrame.Redirect? {
      let parameters =
        [family, 0, 0, 0] + address + [UInt8](repeating: 0, count: 16 - address.count)
      let result = unsafe parameters.withUnsafeBytes { bytes in
        unsafe frame.callHelper(
          .redirectNeigh, 3, UInt64(UInt(bitPattern: bytes.baseAddress)), 20, 0, 0)
      }
      #expect(result == 7)
      return frame.redirect
    }
    #expect(redirect(2, [10, 0, 0, 1]) == .neighbor(3, nextHop: .v4(0x0a00_0001)))
    let version6 = PacketSamples.counted(16)
    #expect(redirect(10, version6) == .neighbor(3, nextHop: IPAddress(bytes: version6)))
    #expect(redirect(0, []) == .neighbor(3, nextHop: nil))
    #expect(unsafe frame.callHelper(.redirectPeer, 4, 0, 0, 0, 0) == 7)
    #expect(frame.redirect == .peer(4))
  }

  @Test func `both directions of a flow have one hash, others have others`() throws {
    func hash(_ packet: [UInt8], secret: KeyedHash = KeyedHash(1, 2)) throws -> UInt64 {
      let frame = try frame(packet) { $0.secret = secret }
      let hash = call(frame, .getHashRecalc)
      #expect(try hash == frame.context("hash"))
      #expect(hash == call(frame, .getHashRecalc))
      return hash
    }
    func swapped(_ packet: [UInt8], addresses: Int, size: Int, ports: Int) -> [UInt8] {
      var packet = packet
      let first = packet[addresses..<addresses + size]
      packet.replaceSubrange(
        addresses..<addresses + size, with: packet[(addresses + size)...].prefix(size))
      packet.replaceSubrange(addresses + size..<addresses + 2 * size, with: first)
      packet.replaceSubrange(
        ports..<ports + 4,
        with: [packet[ports + 2], packet[ports + 3], packet[ports], packet[ports + 1]])
      return packet
    }
    let ipv4 = PacketSamples.ipv4Frames[0]
    #expect(try hash(ipv4) == hash(swapped(ipv4, addresses: 26, size: 4, ports: 34)))
    let ipv6 = PacketSamples.ipv6Frames[0]
    #expect(try hash(ipv6) == hash(swapped(ipv6, addresses: 22, size: 16, ports: 54)))
    #expect(try hash(ipv4) != hash(ipv4, secret: KeyedHash(1, 3)))
    let hashes = try PacketSamples.all.map { try hash($0) }
    #expect(!hashes.contains(0))
    var otherPort = ipv4
    otherPort[35] ^= 1
    var otherAddress = ipv4
    otherAddress[29] ^= 1
    #expect(try Set([hash(ipv4), hash(otherPort), hash(otherAddress), hash(ipv6)]).count == 4)
    // Payload and identification are no part of the flow.
    var otherBytes = ipv4
    otherBytes[18] ^= 0xff
    #expect(try hash(ipv4) == hash(otherBytes))
  }

  @Test func `a hash stays until the packet is another`() throws {
    let frame = try frame(PacketSamples.ipv4Frames[0])
    let first = call(frame, .getHashRecalc)
    _ = call(frame, .setHash, 9)
    #expect(call(frame, .getHashRecalc) == 9)
    _ = call(frame, .setHashInvalid)
    #expect(try frame.context("hash") == 0)
    #expect(call(frame, .getHashRecalc) == first)
    _ = call(frame, .skbChangeProtocol, UInt64(UInt16(0x86dd).bigEndian), 0)
    #expect(try frame.context("hash") == 0)
    try frame.load(PacketSamples.ipv4Frames[0])
    #expect(try frame.context("hash") == 0)
    #expect(call(frame, .getHashRecalc) == first)
  }

  @Test func `packets grow as far as the kernel lets them, and are whole afterwards`() throws {
    let packet = PacketSamples.ipv4Frames[5]
    let frame = try frame(packet)
    var length = packet.count
    while length + 0xfff <= 16064 {
      #expect(call(frame, .skbAdjustRoom, 0xfff, 1, 0) == 0)
      length += 0xfff
      #expect(frame.packet.count == length)
    }
    #expect(Int64(bitPattern: call(frame, .skbAdjustRoom, 0xfff, 1, 0)) == -524)
    let expected =
      packet.prefix(14) + [UInt8](repeating: 0, count: length - packet.count) + packet.dropFirst(14)
    #expect(frame.packet.bytes == Array(expected))
    #expect(try frame.context("len") == UInt64(length))
    // The next packet is not touched by it.
    try frame.load(PacketSamples.ipv4Frames[0])
    #expect(frame.packet.bytes == PacketSamples.ipv4Frames[0])
    #expect(frame.packet.start == PacketBuffer.headroom)
  }

  @Test func `a packet longer than the kernel's test runs take can be edited`() throws {
    let packet = PacketSamples.frame(
      PacketSamples.ipv4, PacketSamples.ipv4Packet(protocol: 17, PacketSamples.udp(9000)))
    let frame = try frame(packet)
    #expect(call(frame, .skbAdjustRoom, 50, 1, 2 | 1 << 4 | 14 << 56) == 0)
    #expect(Int64(bitPattern: call(frame, .skbChangeTail, 100, 0)) == -524)
    #expect(
      frame.packet.bytes == Array(packet.prefix(14)) + [UInt8](repeating: 0, count: 50)
        + packet.dropFirst(14))
  }

  @Test func `what a host says of tunnel and checksum, programs find`() throws {
    let tunnel = TunnelMetadata(
      identifier: 42, source: .v4(0xc000_0201), destination: .v4(0xc000_0202), hopLimit: 64,
      flags: 4, options: [1, 2, 3, 4])
    let frame = try frame(PacketSamples.all[0]) {
      $0.receivedTunnel = tunnel
      $0.receivedChecksum = .unnecessary(level: 1)
    }
    var key = [UInt8](repeating: 0xaa, count: 44)
    let result = unsafe key.withUnsafeMutableBytes { key in
      call(frame, .skbGetTunnelKey, UInt64(UInt(bitPattern: key.baseAddress)), 44, 16)
    }
    #expect(result == 0)
    #expect(key[0..<8] == [42, 0, 0, 0, 1, 2, 0, 0xc0])
    #expect(key[21] == 64)
    #expect(key[22..<24] == [0, 4])
    #expect(key[28..<32] == [2, 2, 0, 0xc0])
    var options = [UInt8](repeating: 0xaa, count: 6)
    let count = unsafe options.withUnsafeMutableBytes { bytes in
      call(frame, .skbGetTunnelOption, UInt64(UInt(bitPattern: bytes.baseAddress)), 6)
    }
    #expect(count == 4)
    #expect(options == [1, 2, 3, 4, 0, 0])
    #expect(frame.transmitTunnel == nil)
    #expect(call(frame, .checksumLevel, 0) == 1)
    #expect(call(frame, .checksumLevel, 3) == 0)
    #expect(Int64(bitPattern: call(frame, .checksumLevel, 0)) == -13)
    let set = unsafe key.withUnsafeMutableBytes { key in
      unsafe key[22] = 0
      unsafe key[23] = 0
      return call(frame, .skbSetTunnelKey, UInt64(UInt(bitPattern: key.baseAddress)), 44, 0)
    }
    #expect(set == 0)
    #expect(frame.transmitTunnel?.destination == .v4(0xc000_0201))
    #expect(frame.transmitTunnel?.identifier == 42)
  }

  @Test(arguments: [false, true]) func `cookies hold for two minutes`(isVersion6: Bool) throws {
    let generate: HelperID = isVersion6 ? .tcpRawGenSYNCookieIPv6 : .tcpRawGenSYNCookieIPv4
    let check: HelperID = isVersion6 ? .tcpRawCheckSYNCookieIPv6 : .tcpRawCheckSYNCookieIPv4
    let header =
      isVersion6
      ? PacketSamples.ipv6Packet(next: 6, []) : PacketSamples.ipv4Packet(protocol: 6, [])
    let frame = try frame(PacketSamples.all[0], as: .xdp)
    func run(_ helper: HelperID, _ segment: [UInt8], size: UInt64) -> UInt64 {
      unsafe header.withUnsafeBytes { header in
        unsafe segment.withUnsafeBytes { segment in
          unsafe frame.callHelper(
            helper, UInt64(UInt(bitPattern: header.baseAddress)),
            UInt64(UInt(bitPattern: segment.baseAddress)), size, 0, 0)
        }
      }
    }
    let minute: UInt64 = 60_000_000_000
    let sizes: [(offered: UInt16, chosen: UInt64)] =
      isVersion6
      ? [(100, 1220), (1419, 1220), (1420, 1420), (1439, 1420), (1440, 1440), (9000, 8940)]
      : [(100, 536), (1300, 1300), (1439, 1300), (1440, 1440), (1460, 1460), (9000, 1460)]
    for (offered, chosen) in sizes {
      frame.clock = .fixed(nanoseconds: 100 * minute)
      let option = [1, 2, 4, UInt8(offered >> 8), UInt8(offered & 0xff), 1, 1, 0] as [UInt8]
      let first = PacketSamples.tcp(0, flags: 2, options: option)
      let made = run(generate, first, size: 28)
      #expect(made >> 32 == chosen)
      let cookie = UInt32(truncatingIfNeeded: made)
      var answer = PacketSamples.tcp(0, flags: 0x10)
      // The next number after the first, and after the cookie.
      answer[7] += 1
      let next = cookie &+ 1
      for index in 0..<4 {
        answer[8 + index] = UInt8(truncatingIfNeeded: next >> (24 - 8 * UInt32(index)))
      }
      #expect(run(check, answer, size: 0) == 0)
      frame.clock = .fixed(nanoseconds: 101 * minute)
      #expect(run(check, answer, size: 0) == 0)
      frame.clock = .fixed(nanoseconds: 102 * minute)
      #expect(Int64(bitPattern: run(check, answer, size: 0)) == -13)
      frame.clock = .fixed(nanoseconds: 100 * minute)
      answer[1] ^= 1
      #expect(Int64(bitPattern: run(check, answer, size: 0)) == -13)
    }
  }

  @Test func `the keyed hash is SipHash`() {
    // The key 00…0f and the message 00…07, from the appendix of the paper's reference vectors.
    let hash = KeyedHash(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
    #expect(hash([0x0706_0504_0302_0100]) == 0x93f5_f579_9a93_2462)
    #expect(hash([]) == 0x726f_db47_dd0e_0e31)
  }

  @Test func `there are no sockets`() throws {
    let frame = try frame(PacketSamples.all[0])
    for helper in [HelperID.getSocketCookie, .skbCgroupID, .skbAncestorCgroupID, .socketLookupTCP] {
      #expect(call(frame, helper) == 0)
    }
    #expect(call(frame, .getSocketUID) == 65534)
    #expect(Int64(bitPattern: call(frame, .skbUnderCgroup)) == -2)
  }

  @Test func `a run sends so many copies and no more`() throws {
    let frame = try frame(PacketSamples.all[0]) { $0.cloneLimit = 3 }
    let results = (0..<5).map { _ in Int64(bitPattern: call(frame, .cloneRedirect, 1, 0)) }
    #expect(results == [0, 0, 0, -12, -12])
    #expect(frame.clones.count == 3)
  }

  @Test func `tags pile up as far as there is memory`() throws {
    let packet = PacketSamples.ipv4Frames[0]
    let frame = try frame(packet)
    for index in 0..<100_000 {
      #expect(call(frame, .skbVLANPush, 0x0081, UInt64(index & 0xfff)) == 0)
    }
    // The last tag is beside the packet.
    #expect(frame.packet.count == packet.count + 4 * 99_999)
    #expect(frame.packet.bytes.suffix(packet.count - 12) == packet.dropFirst(12))
    #expect(frame.packet.bytes[12..<16] == [0x81, 0, 0x06, 0x9e])
    for _ in 0..<100_000 { _ = call(frame, .skbVLANPop) }
    #expect(frame.packet.bytes == packet)
  }

  /// Any numbers for arguments: what comes of it is an error or a packet, never a trap.
  @Test(arguments: [ProgramType.schedCLS, .lwtXmit, .lwtIn])
  func `hostile arguments are refused`(type: ProgramType) throws {
    var random = SeededGenerator(seed: 99)
    let helpers = ExecutionFrame.packetHelpers.union([
      .skbPullData, .l3ChecksumReplace, .l4ChecksumReplace,
    ])
    .compactMap(HelperPrototype.init(for:)).filter { $0.allowed(in: type) }
    .sorted { $0.id.rawValue < $1.id.rawValue }
    let edges: [UInt64] = [
      0, 1, 14, 40, 0xfff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_ffec, 1 << 32, .max, 2, 4,
      0x0081, 0x0008, 0xdd86, 64, 44, 28, 1 << 56, 0xff << 56 | 2,
    ]
    var memory = [UInt8](repeating: 0, count: 256)
    let frame = ExecutionFrame(type: type, layout: ContextLayout(for: type))
    frame.network = NetworkTable()
    for round in 0..<20_000 {
      if round % 10 == 0 {
        try frame.setContext("gso_size", to: round % 30 == 0 ? 100 : 0)
        frame.receivedSegmentation = round % 60 == 0 ? .tcp4 : []
        frame.receivedChecksum = round % 40 == 0 ? .complete(sum: 5) : .none
        let packet = PacketSamples.all.randomElement(using: &random) ?? []
        try frame.load(packet)
      }
      guard let prototype = helpers.randomElement(using: &random) else { continue }
      for index in 0..<64 { memory[index] = UInt8.random(in: 0...255, using: &random) }
      unsafe memory.withUnsafeMutableBytes { memory in
        let address = UInt64(UInt(bitPattern: memory.baseAddress))
        let arguments = prototype.arguments.map { kind -> UInt64 in
          switch kind {
          case .context, .contextOrNull, .map: 0
          case .size, .sizeOrZero:
            [1, 8, 20, 22, 24, 28, 40, 44, 64].randomElement(using: &random) ?? 1
          case .anything:
            Bool.random(using: &random)
              ? edges.randomElement(using: &random) ?? 0
              : UInt64.random(in: 0...300, using: &random)
          default: address
          }
        }
        func argument(_ index: Int) -> UInt64 { index < arguments.count ? arguments[index] : 0 }
        _ = unsafe frame.callHelper(
          prototype.id, argument(0), argument(1), argument(2), argument(3), argument(4))
      }
      let packet = frame.packet
      #expect(packet.start >= 0 && packet.start <= packet.end && packet.end <= packet.frameSize)
      #expect(try frame.context("len") == UInt64(packet.count))
    }
  }
}
