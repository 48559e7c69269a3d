import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// Packets that a device summed: helpers keep its sum as the kernel does, which the kernel's test run checks itself.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct PacketSumTests {
  /// To run a packet with its sum (`BPF_F_TEST_SKB_CHECKSUM_COMPLETE`).
  private static let summed: UInt32 = 1 << 2

  private static func sum(of packet: [UInt8]) -> PacketChecksum {
    let bytes = Array(packet.dropFirst(14))
    return .complete(sum: unsafe Checksum.partial(bytes.span.bytes, seed: 0))
  }

  @Test func `edits keep the sum`() throws {
    let (ipv4, ipv6) = (UInt64(0x0008), UInt64(0xdd86))
    let shrink = UInt64(UInt32(bitPattern: -20))
    let edits: [[PacketEdit]] = [
      [], [PacketEdit(.skbECNSetCE)], [PacketEdit(.skbChangeProtocol, ipv6, 0)],
      [PacketEdit(.skbChangeProtocol, ipv4, 0)], [PacketEdit(.skbAdjustRoom, 20, 1, 0)],
      [PacketEdit(.skbAdjustRoom, 20, 0, 2)], [PacketEdit(.skbAdjustRoom, shrink, 1, 0)],
      [PacketEdit(.skbAdjustRoom, shrink, 0, 0)], [PacketEdit(.skbChangeHead, 14, 0)],
      // Cutting a packet ends its sum, which a test run takes for an error.
      [PacketEdit(.skbChangeTail, 4000, 0)],
      [PacketEdit(.checksumLevel, 0)], [PacketEdit(.checksumLevel, 1)],
      [PacketEdit(.checksumLevel, 2)], [PacketEdit(.checksumLevel, 3)],
      [PacketEdit(.skbVLANPush, 0, 5)],
    ]
    for edits in edits {
      for packet in PacketSamples.ipv4Frames + PacketSamples.ipv6Frames {
        try PacketEdits.expectSame(
          edits + [PacketEdit(.checksumUpdate, 0)], on: [packet], flags: Self.summed
        ) { $0.receivedChecksum = Self.sum(of: packet) }
      }
    }
  }

  @Test func `bytes that are stored enter the sum when asked`() throws {
    var random = SeededGenerator(seed: 3)
    for packet in PacketSamples.ipv4Frames + PacketSamples.ipv6Frames {
      for count in [1, 2, 5, 6, 20] {
        let offset = Int.random(in: 14...(packet.count - count), using: &random)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        var probe = HelperProbe(flags: Self.summed)
        let memory = probe.memory(bytes)
        probe.call(
          .skbStoreBytes, .context, .value(UInt64(offset)), memory, .value(UInt64(count)),
          .value(1))
        probe.call(.checksumUpdate, .context, .value(0))
        try probe.expectSame(on: [packet]) { $0.receivedChecksum = Self.sum(of: packet) }
      }
    }
  }

  /// Fields of a pseudo-header: the sum changes as the checksum in the packet does.
  @Test func `checksums with a pseudo-header keep the sum`() throws {
    for (from, to) in [(0x0a00_0001, 0x0a00_0063), (0xffff, 1), (0, 0xffff_ffff)]
      as [(UInt64, UInt64)]
    {
      for flags: UInt64 in [0x12, 0x14, 0x10, 0x90, 0x94] {
        let packet = PacketSamples.ipv4Frames[0]
        // The address and the checksum change by the same amount, so that the sum is right at the end.
        var probe = HelperProbe(flags: Self.summed)
        let first = flags & 0xf == 0 ? 0 : from
        probe.call(
          .l4ChecksumReplace, .context, .value(50), .value(first), .value(to), .value(flags))
        probe.call(.checksumUpdate, .context, .value(0))
        do {
          try probe.expectSame(on: [packet]) { $0.receivedChecksum = Self.sum(of: packet) }
        } catch let refusal as KernelRefusal {
          // The kernel found its own sum wrong, since nobody changed the pseudo-header.
          #expect(refusal.number == 74)
        }
      }
    }
  }

  @Test func `differences are the kernel's for any memory`() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      let sizes = (0..<2).map { _ in
        [0, 1, 2, 3, 4, 7, 20, 64, 511].randomElement(using: &random) ?? 0
      }
      let fill = UInt8.random(in: 0...3, using: &random)
      let memory = (0..<512).map { _ in
        fill == 0 ? 0 : fill == 1 ? 0xff : UInt8.random(in: 0...255, using: &random)
      }
      var probe = HelperProbe()
      let from = probe.memory(memory)
      let to = probe.memory(memory.reversed())
      let seed =
        [0, 1, 0xffff, 0xffff_ffff, UInt64.random(in: 0...0xffff_ffff, using: &random)]
        .randomElement(using: &random) ?? 0
      probe.call(
        .checksumDifference, sizes[0] == 0 ? .value(0) : from, .value(UInt64(sizes[0])),
        sizes[1] == 0 ? .value(0) : to, .value(UInt64(sizes[1])), .value(seed))
      try probe.expectSame()
    }
  }
}
