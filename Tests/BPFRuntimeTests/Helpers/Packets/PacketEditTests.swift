import BPFPlatform
import TestSupport
import Testing

/// What helpers do to the packets of classifiers, against the running kernel: bytes, results, and the context's fields.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct PacketEditTests {
  private static let ipv4 = UInt64(UInt16(0x0800).bigEndian)
  private static let ipv6 = UInt64(UInt16(0x86dd).bigEndian)

  @Test func `protocols change between IPv4 and IPv6`() throws {
    for type in [Self.ipv4, Self.ipv6, 0x0608, 0, 0x1_0000 | Self.ipv6] {
      for flags: UInt64 in [0, 1, 1 << 63] {
        try PacketEdits.expectSame([PacketEdit(.skbChangeProtocol, type, flags)])
        let back = type == Self.ipv4 ? Self.ipv6 : Self.ipv4
        try PacketEdits.expectSame([
          PacketEdit(.skbChangeProtocol, type, flags), PacketEdit(.skbChangeProtocol, back, 0),
        ])
      }
    }
  }

  @Test func `types change among those a host can receive`() throws {
    for type: UInt64 in [0, 1, 2, 3, 4, 5, 7, 8, 0xffff_ffff, 1 << 32] {
      try PacketEdits.expectSame([PacketEdit(.skbChangeType, type)])
    }
  }

  @Test func `packets are cut and grown at their end`() throws {
    let lengths: [UInt64] = [
      0, 13, 14, 15, 18, 33, 34, 60, 128, 1514, 3000, 4096, 9000, 16063, 16064, 16065, 65536,
      0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    ]
    for length in lengths {
      try PacketEdits.expectSame([PacketEdit(.skbChangeTail, length, 0)])
      try PacketEdits.expectSame([
        PacketEdit(.skbChangeTail, 14, 0), PacketEdit(.skbChangeTail, length, 0),
      ])
      try PacketEdits.expectSame([
        PacketEdit(.skbChangeTail, length, 0), PacketEdit(.skbChangeTail, 100, 0),
      ])
    }
    try PacketEdits.expectSame([PacketEdit(.skbChangeTail, 60, 1)])
  }

  @Test func `packets grow at their start`() throws {
    let counts: [UInt64] = [
      0, 1, 13, 14, 63, 64, 65, 256, 300, 2000, 12000, 16000, 16064, 65535, 0x7fff_ffff,
      0x8000_0000, 0xffff_ffff,
    ]
    for count in counts {
      try PacketEdits.expectSame([PacketEdit(.skbChangeHead, count, 0)])
      try PacketEdits.expectSame([
        PacketEdit(.skbChangeHead, count, 0), PacketEdit(.skbChangeHead, 14, 0),
        PacketEdit(.skbChangeTail, 50, 0),
      ])
    }
    try PacketEdits.expectSame([PacketEdit(.skbChangeHead, 14, 2)])
  }

  @Test(arguments: [0, 1, 2, 0xffff_ffff] as [UInt64])
  func `room is made and taken away`(mode: UInt64) throws {
    let differences: [Int32] = [
      0, 1, 4, 8, 14, 20, 28, 40, 64, 100, 255, 0xfff, 0x1000, .max, -1, -4, -8, -14, -20, -28,
      -40, -100, -1000, -0xfff, -0x1000, .min,
    ]
    let encapsulations: [UInt64] = [
      0, 1, 2, 4, 6, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 3 << 7, 1 << 9, 1 << 55,
      0x02 | 1 << 3, 0x02 | 1 << 4, 0x04 | 1 << 3, 0x04 | 1 << 4, 0x02 | 3 << 3,
      0x02 | 14 << 56, 0x02 | 1 << 4 | 14 << 56, 0x02 | 1 << 6 | 14 << 56,
      0x02 | 1 << 6 | 13 << 56, 0x04 | 1 << 4 | 1 << 6 | 14 << 56, 0x02 | 0xff << 56, 14 << 56,
      1 << 7 | 1, 1 << 8 | 1 << 5, 1 << 7 | 2,
    ]
    for (number, difference) in differences.enumerated() {
      for (index, flags) in encapsulations.enumerated() {
        // Every pair on some packets; modes that do not exist on few.
        let packets = PacketSamples.all.enumerated().filter {
          ($0.offset + number + index) % (mode > 1 ? 13 : 3) == 0
        }
        let argument = UInt64(UInt32(bitPattern: difference))
        try PacketEdits.expectSame(
          [PacketEdit(.skbAdjustRoom, argument, mode, flags)], on: packets.map(\.element))
      }
    }
  }

  @Test func `a second encapsulation is refused, and so is a new end`() throws {
    for flags: UInt64 in [0x02, 0x04, 0x02 | 1 << 4, 0x04 | 1 << 3] {
      try PacketEdits.expectSame([
        PacketEdit(.skbAdjustRoom, 40, 1, flags), PacketEdit(.skbAdjustRoom, 40, 1, 0x02),
        PacketEdit(.skbChangeTail, 100, 0), PacketEdit(.skbAdjustRoom, 8, 0, 0),
        PacketEdit(.skbAdjustRoom, UInt64(UInt32(bitPattern: -40)), 1, 1 << 7),
        PacketEdit(.skbChangeTail, 100, 0),
      ])
    }
  }

  @Test func `tags are pushed and popped`() throws {
    let service = UInt64(UInt16(0x88a8).bigEndian)
    let plain = UInt64(UInt16(0x8100).bigEndian)
    for type in [service, plain, 0, 0x1_0000 | service] {
      for tag: UInt64 in [0, 1, 0x0fff, 0x1000, 0xffff, 0x1_0005] {
        let push = PacketEdit(.skbVLANPush, type, tag)
        let pop = PacketEdit(.skbVLANPop)
        for edits in [
          [push], [push, push], [push, pop], [pop, push], [pop, pop, push, push, push],
          [push, push, push, pop, pop, pop, pop], [push, PacketEdit(.skbChangeHead, 14, 0), push],
          [push, push, PacketEdit(.skbChangeTail, 18, 0), pop, pop, pop],
        ] {
          try PacketEdits.expectSame(edits)
        }
      }
    }
    for count in 1...5 {
      try PacketEdits.expectSame([PacketEdit](repeating: PacketEdit(.skbVLANPop), count: count))
    }
  }

  @Test func `congestion is marked, times are set`() throws {
    let mark = PacketEdit(.skbECNSetCE)
    try PacketEdits.expectSame([mark])
    try PacketEdits.expectSame([mark, mark])
    try PacketEdits.expectSame([PacketEdit(.skbVLANPush, 0, 5), mark])
    try PacketEdits.expectSame([
      PacketEdit(.skbVLANPush, 0, 5), PacketEdit(.skbVLANPush, 0, 6), mark,
    ])
    try PacketEdits.expectSame([PacketEdit(.skbVLANPop), mark])
    try PacketEdits.expectSame([PacketEdit(.skbChangeHead, 14, 0), mark])
    for time: UInt64 in [0, 1, .max] {
      for clock: UInt64 in [0, 1, 2, 3, 0xffff_ffff, 1 << 32] {
        try PacketEdits.expectSame([PacketEdit(.skbSetTimestamp, time, clock)])
      }
    }
  }

  @Test func `data is pulled, and length 0 means all of it`() throws {
    for count: UInt64 in [0, 1, 14, 60, 100, 3000, 0x1_0000, 1 << 32] {
      try PacketEdits.expectSame([PacketEdit(.skbPullData, count)])
    }
  }

  /// Levels of verified checksums, of which a test run has none at first.
  @Test func `checksum levels count`() throws {
    let operations: [[UInt64]] = [
      [0], [1, 0], [1, 1, 0], [1, 1, 1, 1, 1, 0], [1, 2, 0], [1, 1, 2, 0], [2, 0], [1, 3, 0],
      [4], [.max], [1 << 32], [1, 1, 1 << 32 | 1, 0],
    ]
    for levels in operations {
      try PacketEdits.expectSame(levels.map { PacketEdit(.checksumLevel, $0) })
    }
    for flags: UInt64 in [0, 1 << 5] {
      try PacketEdits.expectSame([
        PacketEdit(.checksumLevel, 1), PacketEdit(.skbAdjustRoom, 8, 1, flags),
        PacketEdit(.checksumLevel, 0),
      ])
    }
    try PacketEdits.expectSame([PacketEdit(.checksumUpdate, 5)])
  }

  /// Large packets of no kind a device could cut, as a test run makes them.
  @Test func `segment sizes follow`() throws {
    let edits: [PacketEdit] = [
      PacketEdit(.skbAdjustRoom, 20, 1, 0), PacketEdit(.skbAdjustRoom, 20, 1, 1),
      PacketEdit(.skbAdjustRoom, UInt64(UInt32(bitPattern: -20)), 1, 0),
      PacketEdit(.skbChangeProtocol, Self.ipv6, 0), PacketEdit(.skbChangeTail, 100, 0),
      PacketEdit(.skbChangeHead, 14, 0), PacketEdit(.cloneRedirect, 1, 0),
    ]
    for size: UInt64 in [1, 100, 1448] {
      for edit in edits {
        try PacketEdits.expectSame(
          [edit], on: PacketSamples.ipv4Frames, context: ["gso_size": size, "gso_segs": 2])
      }
    }
  }

  /// Programs of tunnels see packets from the network header on.
  @Test func `tunnel programs edit packets`() throws {
    for length: UInt64 in [0, 1, 19, 20, 40, 100, 4000, 16064, 16065] {
      let (head, tail) = (
        PacketEdit(.skbChangeHead, length, 0), PacketEdit(.skbChangeTail, length, 0)
      )
      for edits in [
        [head], [tail], [head, tail], [tail, head], [head, PacketEdit(.skbChangeHead, 14, 0)],
        [PacketEdit(.skbPullData, length)],
      ] {
        try PacketEdits.expectSame(edits, as: .lwtXmit)
      }
    }
    try PacketEdits.expectSame(
      [PacketEdit(.checksumLevel, 0), PacketEdit(.checksumUpdate, 1)], as: .lwtXmit)
    for type in [ProgramType.lwtIn, .lwtOut, .lwtXmit] {
      for length: UInt64 in [0, 1, 20, 3000] {
        try PacketEdits.expectSame([PacketEdit(.skbPullData, length)], as: type)
      }
    }
  }

  @Test func `cgroup programs mark congestion`() throws {
    var probe = HelperProbe(.cgroupSKB)
    probe.call(.skbECNSetCE, .context)
    try probe.expectSame(on: PacketSamples.all)
  }

  @Test func `headers are pushed before packets`() throws {
    let ipv4 = PacketSamples.ipv4Packet(protocol: 47, [0, 0, 8, 0])
    var unsummed = ipv4
    (unsummed[10], unsummed[11]) = (0, 0)
    var long = PacketSamples.ipv4Packet(protocol: 4, options: 40, [])
    (long[10], long[11]) = (0, 0)
    var short = unsummed
    short[0] = 0x41
    let headers = [
      ipv4, unsummed, long, short, PacketSamples.ipv6Packet(next: 41, []),
      PacketSamples.ipv6Packet(next: 17, PacketSamples.udp(10)), [0x50] + ipv4.dropFirst(),
      Array(ipv4.prefix(19)), Array(PacketSamples.ipv6Packet(next: 41, []).prefix(39)),
      ipv4 + [UInt8](repeating: 7, count: 232), ipv4 + [UInt8](repeating: 7, count: 233),
    ]
    for header in headers {
      for mode: UInt64 in [2, 3, 0xffff_ffff] {
        var probe = HelperProbe(.lwtIn)
        let memory = probe.memory(header)
        let size = HelperProbe.Argument.value(UInt64(header.count))
        probe.call(.lwtPushEncapsulation, .context, .value(mode), memory, size)
        try probe.expectSame(on: PacketSamples.all)
        probe.call(.lwtPushEncapsulation, .context, .value(mode), memory, size)
        try probe.expectSame(on: PacketSamples.ipv4Frames)
      }
    }
  }

  @Test(arguments: 0..<8) func `edits in any order`(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed) &* 0x9e37_79b9 &+ 12345)
    for round in 0..<25 {
      let edits = (0..<Int.random(in: 2...8, using: &random)).map { _ in
        Self.edit(&random, cutsPackets: round % 2 == 0)
      }
      try PacketEdits.expectSame(edits)
    }
  }

  /// A random edit.
  ///
  /// - Parameter cutsPackets: whether packets may get shorter at their end; if not, they may get room for headers. After
  ///   both, the kernel's packet has bytes in it that are nobody's.
  private static func edit(_ random: inout SeededGenerator, cutsPackets: Bool) -> PacketEdit {
    func pick(_ values: [UInt64]) -> UInt64 { values.randomElement(using: &random) ?? 0 }
    let encapsulations: [UInt64] = [
      0, 0, 0, 1, 2, 4, 2 | 1 << 3, 4 | 1 << 4, 2 | 1 << 4 | 14 << 56, 1 << 5, 1 << 7, 1 << 8,
    ]
    switch Int.random(in: 0..<11, using: &random) {
    case 0: return PacketEdit(.skbVLANPush, pick([0x0081, 0xa888, 0]), pick([0, 5, 0xfff]))
    case 1: return PacketEdit(.skbVLANPop)
    case 2: return PacketEdit(.skbChangeProtocol, pick([ipv4, ipv6]), 0)
    case 3:
      let length = UInt64.random(in: cutsPackets ? 0...200 : 4000...6000, using: &random)
      return PacketEdit(.skbChangeTail, length, 0)
    case 4: return PacketEdit(.skbChangeHead, UInt64.random(in: 0...100, using: &random), 0)
    case 5, 6:
      let count = cutsPackets ? 0 : UInt64.random(in: 0...300, using: &random)
      return PacketEdit(.skbAdjustRoom, count, pick([0, 1]), pick(encapsulations))
    case 7, 8:
      let count = Int32.random(in: 1...60, using: &random)
      return PacketEdit(
        .skbAdjustRoom, UInt64(UInt32(bitPattern: -count)), pick([0, 1]), pick(encapsulations))
    case 9: return PacketEdit(.skbECNSetCE)
    default: return PacketEdit(.skbChangeType, UInt64.random(in: 0...4, using: &random))
    }
  }
}
