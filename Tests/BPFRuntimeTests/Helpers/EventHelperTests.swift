import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The helpers that send events to the host, against the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct EventHelperTests {
  private static let ring = MapSpec(
    name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096)

  /// A program that reserves `size` bytes, writes the packet's word at 14 to them, and submits or discards them with flags.
  private static func reserving(
    _ size: Int32, isDiscarded: Bool, flags: Int32, reserveFlags: Int32 = 0
  ) throws -> ComparedProgram {
    var builder = ProgramBuilder("ring_reserve")
    XDPHelperTests.takeArguments(1, in: &builder)
    builder.load(.r1, map: ring)
    builder.move(.r2, size)
    builder.move(.r3, reserveFlags)
    builder.call(.ringBufferReserve)
    builder.jump(if: .notEqual, .r0, .immediate(0), to: "reserved")
    builder.move(.r0, 1)
    builder.jump(to: "exit")
    builder.label("reserved")
    builder.load(.r2, .double, .r10, -8)
    builder.store(.word, .r0, 0, .register(.r2))
    for offset in stride(from: Int16(4), to: Int16(min(size, 64)), by: 1) {
      builder.store(.byte, .r0, offset, .immediate(Int32(offset)))
    }
    builder.move(.r1, .r0)
    builder.move(.r2, flags)
    builder.call(isDiscarded ? .ringBufferDiscard : .ringBufferSubmit)
    builder.move(.r7, 0)
    for query: Int32 in [0, 1, 2, 3, 4] {
      builder.load(.r1, map: ring)
      builder.move(.r2, query)
      builder.call(.ringBufferQuery)
      builder.apply(.multiply, .r7, .immediate(31))
      builder.apply(.add, .r7, .register(.r0))
    }
    builder.move(.r0, .r7)
    builder.label("exit")
    builder.exit()
    return try builder.compared(as: .xdp)
  }

  @Test func `records take room as in the kernel's ring`() throws {
    for size: Int32 in [4, 8, 60, 64, 1000, 4088, 4089, 5000] {
      for isDiscarded in [false, true] {
        // Enough packets to fill the ring; the kernel wakes nobody up here.
        let packets = (0..<80).map { XDPHelperTests.packet(60, $0) }
        try expectSameAsKernel(
          Self.reserving(size, isDiscarded: isDiscarded, flags: 1), on: packets)
      }
    }
    try expectSameAsKernel(
      Self.reserving(8, isDiscarded: false, flags: 1, reserveFlags: 1),
      on: [XDPHelperTests.packet(60, 1)])
  }

  @Test func `records are copied in, or refused`() throws {
    var builder = ProgramBuilder("ring_output")
    XDPHelperTests.takeArguments(2, in: &builder)
    for offset in stride(from: Int16(0), to: 64, by: 8) {
      builder.store(.double, .r10, -128 + offset, .immediate(Int32(offset)))
    }
    builder.load(.r1, map: Self.ring)
    builder.move(.r2, .r10)
    builder.apply(.add, .r2, .immediate(-128))
    builder.load(.r3, .double, .r10, -8)
    builder.apply(.and, .r3, .immediate(63))
    builder.load(.r4, .double, .r10, -16)
    builder.call(.ringBufferOutput)
    builder.label("exit")
    builder.exit()
    var packets: [[UInt8]] = []
    for round in 0..<3 as Range<Int32> {
      for size in 0..<64 as Range<Int32> {
        packets.append(XDPHelperTests.packet(60, size, round == 0 ? 0 : 1))
      }
    }
    for flags: Int32 in [2, 3, 4, -1] { packets.append(XDPHelperTests.packet(60, 8, flags)) }
    try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
  }

  @Test(arguments: [ProgramType.xdp, .schedCLS])
  func `perf events without a listener are refused as in the kernel`(type: ProgramType) throws {
    let events = MapSpec(
      name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 2)
    let flags: [UInt64] = [
      1 << 63, 1 << 52, 2, 0xffff_fffe, 61 << 32, 61 << 32 | 5, 60 << 32 | 5,
      0xfffff << 32,
    ]
    for flags in flags {
      var builder = ProgramBuilder("perf_output")
      builder.store(.double, .r10, -8, .immediate(7))
      builder.load(.r2, map: events)
      builder.moveWide(.r3, flags)
      builder.move(.r4, .r10)
      builder.apply(.add, .r4, .immediate(-8))
      builder.move(.r5, 8)
      builder.call(.perfEventOutput)
      builder.exit()
      try expectSameAsKernel(
        builder.compared(as: type), on: [[UInt8](repeating: 0, count: 60)])
    }
  }
}
