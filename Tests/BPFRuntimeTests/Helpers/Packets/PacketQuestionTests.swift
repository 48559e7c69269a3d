import BPFPlatform
import Glibc
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// What helpers answer about a packet, its tunnel, its route and its socket, against the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct PacketQuestionTests {
  private static func word(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }

  /// The network of a test run: the loopback device, on which nothing is forwarded.
  private static let network = NetworkTable()

  @Test func `redirects to peers and neighbours take no flags`() throws {
    for flags: UInt64 in [0, 1, 2, 1 << 16, .max] {
      var probe = HelperProbe()
      probe.call(.redirectPeer, .value(1), .value(flags))
      probe.call(.redirectNeigh, .value(1), .value(0), .value(0), .value(flags))
      for size: UInt64 in [1, 8, 19, 20, 24] {
        let parameters = probe.memory(Self.word(2) + [UInt8](repeating: 9, count: 24))
        probe.call(.redirectNeigh, .value(1), parameters, .value(size), .value(flags))
      }
      try probe.expectSame()
    }
  }

  @Test func `copies need an interface and no strange flags`() throws {
    for flags: UInt64 in [2, 3, 1 << 16, .max] {
      var probe = HelperProbe()
      probe.call(.cloneRedirect, .context, .value(1), .value(flags))
      try probe.expectSame { $0.network = Self.network }
    }
    for interface: UInt64 in [0, 77_777, 0xffff_ffff] {
      var probe = HelperProbe()
      probe.call(.cloneRedirect, .context, .value(interface), .value(0))
      try probe.expectSame { $0.network = Self.network }
    }
    // A protocol nobody listens to, on the loopback device.
    var probe = HelperProbe()
    probe.call(.cloneRedirect, .context, .value(1), .value(0))
    probe.call(.skbChangeTail, .context, .value(40), .value(0))
    probe.call(.cloneRedirect, .context, .value(1), .value(0))
    let packet = PacketSamples.frame([0x88, 0xb5], PacketSamples.counted(46))
    try probe.expectSame(on: [packet]) { $0.network = Self.network }
  }

  @Test(arguments: [ProgramType.schedCLS, .xdp])
  func `routes are looked up as far as a test run goes`(type: ProgramType) throws {
    for family: UInt8 in [0, 2, 10, 11] {
      for size: UInt64 in [1, 63, 64, 80] {
        for flags: UInt64 in [0, 1, 2, 3, 4, 8, 9, 16, 32, 63, 64, 1 << 31] {
          for interface: UInt32 in [0, 1, 77_777] {
            var parameters = [UInt8](repeating: 0, count: 80)
            parameters[0] = family
            parameters.replaceSubrange(8..<12, with: Self.word(interface))
            parameters.replaceSubrange(16..<20, with: [10, 0, 0, 1])
            parameters.replaceSubrange(32..<36, with: [10, 0, 0, 2])
            var probe = HelperProbe(type)
            let memory = probe.memory(parameters)
            probe.call(.fibLookup, .context, memory, .value(size), .value(flags))
            try probe.expectSame { $0.network = Self.network }
          }
        }
      }
    }
    // Link-local and multicast addresses are not forwarded, whatever the interface says.
    for first: [UInt8] in [[0xfe, 0x80], [0xff, 0x02], [0x20, 0x01]] {
      var parameters = [UInt8](repeating: 0, count: 64)
      parameters[0] = 10
      parameters[8] = 1
      parameters.replaceSubrange(32..<34, with: first)
      var probe = HelperProbe(type)
      let memory = probe.memory(parameters)
      probe.call(.fibLookup, .context, memory, .value(64), .value(0))
      try probe.expectSame { $0.network = Self.network }
    }
  }

  @Test(arguments: [ProgramType.schedCLS, .xdp])
  func `lengths are checked against the loopback device`(type: ProgramType) throws {
    for interface: UInt64 in [0, 1, 77_777] {
      for length: UInt32 in [0, 1, 65535, 65536, 65537, 0x7fff_ffff, 0xffff_ffff] {
        for difference: Int64 in [0, 1, -1, 65476, 65477, 65536, Int64(Int32.min)] {
          for flags: UInt64 in [0, 1, 2] {
            var probe = HelperProbe(type)
            let memory = probe.memory(Self.word(length))
            let argument = HelperProbe.Argument.value(UInt64(bitPattern: difference))
            probe.call(.checkMTU, .context, .value(interface), memory, argument, .value(flags))
            try probe.expectSame()
          }
        }
      }
    }
  }

  @Test func `segments are checked where their header is known`() throws {
    for size: UInt64 in [100, 65000] {
      for edit in [nil, 0x02 | 1 << 4] as [UInt64?] {
        var probe = HelperProbe()
        let memory = probe.memory(Self.word(0))
        if let edit {
          probe.call(.skbAdjustRoom, .context, .value(40), .value(1), .value(edit))
        }
        probe.call(
          .checkMTU, .context, .value(1), memory, .value(0), .value(1))
        probe.call(
          .checkMTU, .context, .value(1), memory, .value(0x7000_0000), .value(0))
        try probe.expectSame(
          on: [PacketSamples.all[0]], context: ["gso_size": size, "gso_segs": 2])
      }
    }
  }

  @Test func `a packet has no tunnel until one is set`() throws {
    for size: UInt64 in [1, 8, 22, 24, 28, 44, 48] {
      for flags: UInt64 in [0, 1, 2, 4, 16, 17, 32, 1 << 40] {
        var probe = HelperProbe()
        let memory = probe.memory([UInt8](repeating: 0xaa, count: 48))
        probe.call(.skbGetTunnelKey, .context, memory, .value(size), .value(flags))
        probe.call(.skbGetTunnelOption, .context, memory, .value(size))
        probe.call(.skbSetTunnelOption, .context, memory, .value(size))
        try probe.expectSame()
      }
    }
  }

  @Test func `a tunnel that was set is there to get`() throws {
    var random = SeededGenerator(seed: 7)
    for size: UInt64 in [1, 8, 22, 24, 28, 44, 48] {
      for setFlags: UInt64 in [0, 1, 2, 4, 6, 8, 16, 17, 31, 32] {
        for getFlags: UInt64 in [0, 1, 16, 17, 2] {
          for isClean in [true, false] {
            var key = (0..<48).map { _ in UInt8.random(in: 0...255, using: &random) }
            if isClean {
              (key[22], key[23]) = (0, 0)
              if setFlags & 1 == 0 { key.replaceSubrange(24..<28, with: [0, 0, 0, 0]) }
            }
            var probe = HelperProbe()
            let from = probe.memory(key)
            let into = probe.memory([UInt8](repeating: 0xaa, count: 48))
            let options = probe.memory([UInt8](repeating: 0xbb, count: 16))
            probe.call(.skbSetTunnelKey, .context, from, .value(size), .value(setFlags))
            probe.call(.skbGetTunnelKey, .context, into, .value(size), .value(getFlags))
            probe.call(.skbGetTunnelOption, .context, options, .value(16))
            probe.call(.skbSetTunnelOption, .context, from, .value(size & 0x3c | size & 1))
            probe.call(.skbGetTunnelOption, .context, options, .value(16))
            let again = probe.memory([UInt8](repeating: 0xaa, count: 48))
            probe.call(.skbGetTunnelKey, .context, again, .value(44), .value(getFlags))
            try probe.expectSame()
          }
        }
      }
    }
  }

  @Test func `tunnel options have 255 bytes at most`() throws {
    for size: UInt64 in [4, 6, 252, 255, 256, 260] {
      var probe = HelperProbe()
      let key = probe.memory([UInt8](repeating: 0, count: 44))
      let options = probe.memory([UInt8](repeating: 0x5a, count: 264))
      probe.call(.skbSetTunnelKey, .context, key, .value(44), .value(0))
      probe.call(.skbSetTunnelOption, .context, options, .value(size))
      let into = probe.memory([UInt8](repeating: 0, count: 264))
      probe.call(.skbGetTunnelOption, .context, into, .value(260))
      try probe.expectSame()
    }
  }

  /// A test run gives a packet a socket of its own, so what depends on that is left out: cookie, user, cgroup.
  @Test func `there is no realm, class or security association`() throws {
    var probe = HelperProbe()
    probe.call(.getRouteRealm, .context)
    probe.call(.getCgroupClassID, .context)
    probe.call(.skbCgroupClassID, .context)
    let state = probe.memory([UInt8](repeating: 0xaa, count: 32))
    probe.call(.skbGetXFRMState, .context, .value(0), state, .value(28), .value(0))
    try probe.expectSame()
  }

  @Test func `the namespace is the caller's`() throws {
    var cookie: UInt64 = 0
    var size = socklen_t(8)
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    // SO_NETNS_COOKIE
    let result = unsafe getsockopt(descriptor, SOL_SOCKET, 71, &cookie, &size)
    try #require(result == 0)
    var probe = HelperProbe()
    probe.call(.getNetNSCookie, .context)
    try probe.expectSame { [cookie] in $0.networkNamespaceCookie = cookie }
  }

  /// The number of the flow differs by its key; what happens to it does not.
  @Test func `a hash is made once and forgotten when asked`() throws {
    let isSet: [PacketEdit] = [PacketEdit(.setHash, 5), PacketEdit(.getHashRecalc)]
    try PacketEdits.expectSame(isSet)
    try PacketEdits.expectSame([PacketEdit(.setHash, 0), PacketEdit(.getHashRecalc)])
    try PacketEdits.expectSame([PacketEdit(.setHash, 1 << 32 | 7), PacketEdit(.getHashRecalc)])
    try PacketEdits.expectSame([PacketEdit(.setHash, 5), PacketEdit(.setHashInvalid)])
    let ipv6 = UInt64(UInt16(0x86dd).bigEndian)
    for edit in [
      PacketEdit(.skbVLANPush, 0, 5), PacketEdit(.skbVLANPop), PacketEdit(.skbChangeHead, 14, 0),
      PacketEdit(.skbAdjustRoom, 20, 1, 0), PacketEdit(.skbChangeTail, 90, 0),
      PacketEdit(.skbChangeProtocol, ipv6, 0), PacketEdit(.skbPullData, 0),
    ] {
      try PacketEdits.expectSame(
        [PacketEdit(.setHash, 77), edit, PacketEdit(.setHashInvalid), PacketEdit(.setHash, 78)])
    }
  }

  @Test(arguments: [false, true]) func `SYN cookies say a segment size`(isVersion6: Bool) throws {
    let generate: HelperID = isVersion6 ? .tcpRawGenSYNCookieIPv6 : .tcpRawGenSYNCookieIPv4
    let check: HelperID = isVersion6 ? .tcpRawCheckSYNCookieIPv6 : .tcpRawCheckSYNCookieIPv4
    let header =
      isVersion6
      ? PacketSamples.ipv6Packet(next: 6, []) : PacketSamples.ipv4Packet(protocol: 6, [])
    // What is refused is the same; what is generated differs by the key.
    for size: UInt64 in [1, 19, 20, 24, 60] {
      for length in [16, 28, 56] as [UInt8] {
        var probe = HelperProbe()
        var segment = PacketSamples.tcp(0) + [UInt8](repeating: 1, count: 40)
        segment[12] = length << 2
        let (ip, tcp) = (probe.memory(header), probe.memory(segment))
        if UInt64(length) != size { probe.call(generate, ip, tcp, .value(size)) }
        probe.call(check, ip, tcp)
        try probe.expectSame()
      }
    }
  }
}
