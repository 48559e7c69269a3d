import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The helpers of XDP programs against the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct XDPHelperTests {
  /// A packet whose bytes tell where they are, with words at 14 for the program to take as arguments.
  static func packet(_ size: Int, _ arguments: Int32...) -> [UInt8] {
    var bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
    for (index, argument) in arguments.enumerated() {
      for byte in 0..<4 where 14 + 4 * index + byte < size {
        bytes[14 + 4 * index + byte] = UInt8(truncatingIfNeeded: argument >> (8 * Int32(byte)))
      }
    }
    return bytes
  }

  /// Puts the context in r6 and the packet's words at 14 on the stack, at fp - 8, fp - 16, …; a packet too short for them
  /// ends the program with 99.
  static func takeArguments(_ count: Int, in builder: inout ProgramBuilder) {
    builder.move(.r6, .r1)
    builder.load(.r2, .word, .r6, 0)
    builder.load(.r3, .word, .r6, 4)
    builder.move(.r4, .r2)
    builder.apply(.add, .r4, .immediate(Int32(14 + 4 * count)))
    builder.move(.r0, 99)
    builder.jump(if: .greater, .r4, .register(.r3), to: "exit")
    for index in 0..<count {
      builder.load(.r5, .word, .r2, Int16(14 + 4 * index))
      builder.apply(.shiftLeft, .r5, .immediate(32))
      builder.apply(.arithmeticShiftRight, .r5, .immediate(32))
      builder.store(.double, .r10, -8 * Int16(index + 1), .register(.r5))
    }
  }

  /// Adds the low byte of r0 to the packed results in r8.
  static func packResult(in builder: inout ProgramBuilder) {
    builder.apply(.and, .r0, .immediate(0xff))
    builder.apply(.shiftLeft, .r8, .immediate(8))
    builder.apply(.or, .r8, .register(.r0))
  }

  private func adjusting(_ order: [HelperID]) throws -> ComparedProgram {
    var builder = ProgramBuilder("xdp_adjust")
    Self.takeArguments(order.count, in: &builder)
    builder.move(.r8, 0)
    for (index, helper) in order.enumerated() {
      builder.move(.r1, .r6)
      builder.load(.r2, .double, .r10, -8 * Int16(index + 1))
      builder.call(helper)
      Self.packResult(in: &builder)
    }
    // The length afterwards.
    builder.move(.r1, .r6)
    builder.call(.xdpGetBufferLength)
    builder.apply(.shiftLeft, .r0, .immediate(24))
    builder.apply(.xor, .r8, .register(.r0))
    builder.move(.r0, .r8)
    builder.label("exit")
    builder.exit()
    return try builder.compared(as: .xdp)
  }

  @Test func `head and tail move as far as the kernel lets them`() throws {
    var packets: [[UInt8]] = []
    for size in [14, 22, 60, 128, 1500, 3519, 3520] {
      for head: Int32 in [
        0, 1, 4, 13, 46, 47, -1, -14, -215, -216, -217, -256, -257, 1485, 1486, 1487, .min, .max,
      ] {
        for tail: Int32 in [0, 1, 16, -1, -8, -46, -47, 2020, 2021, 3460, 3461, .min, .max] {
          packets.append(Self.packet(size, head, tail))
        }
      }
    }
    try expectSameAsKernel(adjusting([.xdpAdjustHead, .xdpAdjustTail]), on: packets)
  }

  @Test func `metadata moves with the head`() throws {
    var packets: [[UInt8]] = []
    for first: Int32 in [0, -4, -8, -32, -216, -220, -252, -256, -6, 4, .min, .max] {
      for head: Int32 in [0, 8, -8, -100, -184, -188, -216, 60, 100] {
        for second: Int32 in [0, 4, -4, 8, -32, 32] {
          packets.append(Self.packet(128, first, head, second))
        }
      }
    }
    try expectSameAsKernel(
      adjusting([.xdpAdjustMetadata, .xdpAdjustHead, .xdpAdjustMetadata]), on: packets)
  }

  @Test func `metadata that was written moves with the head`() throws {
    var builder = ProgramBuilder("xdp_metadata")
    Self.takeArguments(1, in: &builder)
    builder.move(.r1, .r6)
    builder.move(.r2, -8)
    builder.call(.xdpAdjustMetadata)
    builder.jump(if: .notEqual, .r0, .immediate(0), to: "exit")
    builder.load(.r2, .word, .r6, 8)
    builder.load(.r3, .word, .r6, 0)
    builder.move(.r4, .r2)
    builder.apply(.add, .r4, .immediate(8))
    builder.move(.r0, 98)
    builder.jump(if: .greater, .r4, .register(.r3), to: "exit")
    builder.moveWide(.r5, 0x1122_3344_5566_7788)
    builder.store(.double, .r2, 0, .register(.r5))
    builder.move(.r1, .r6)
    builder.load(.r2, .double, .r10, -8)
    builder.call(.xdpAdjustHead)
    builder.label("exit")
    builder.exit()
    let packets = [0, 2, 4, 7, 8, 20, -2, -8, -20, -200, -208, -209].map {
      Self.packet(100, $0)
    }
    try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
  }

  @Test func `what a head or tail grows by is what the kernel leaves there`() throws {
    var builder = ProgramBuilder("xdp_grow")
    Self.takeArguments(4, in: &builder)
    builder.move(.r8, 0)
    let steps: [HelperID] = [.xdpAdjustHead, .xdpAdjustHead, .xdpAdjustTail, .xdpAdjustTail]
    for (index, helper) in steps.enumerated() {
      builder.move(.r1, .r6)
      builder.load(.r2, .double, .r10, -8 * Int16(index + 1))
      builder.call(helper)
      Self.packResult(in: &builder)
    }
    builder.move(.r0, .r8)
    builder.label("exit")
    builder.exit()
    let packets = [(20, -20, -20, 20), (-40, 40, 100, -100), (4, -8, -4, 8)].map {
      Self.packet(100, $0, $1, $2, $3)
    }
    try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
  }

  @Test(arguments: [1, 4, 63, 64] as [Int16])
  func `bytes are loaded and stored where the packet has them`(size: Int16) throws {
    var builder = ProgramBuilder("xdp_bytes")
    Self.takeArguments(2, in: &builder)
    builder.storeBytes([UInt8](repeating: 0xee, count: Int(size)), at: -100)
    builder.move(.r1, .r6)
    builder.load(.r2, .double, .r10, -8)
    builder.move(.r3, .r10)
    builder.apply(.add, .r3, .immediate(-100))
    builder.move(.r4, Int32(size))
    builder.call(.xdpLoadBytes)
    builder.move(.r8, 0)
    Self.packResult(in: &builder)
    builder.move(.r1, .r6)
    builder.load(.r2, .double, .r10, -16)
    builder.move(.r3, .r10)
    builder.apply(.add, .r3, .immediate(-100))
    builder.move(.r4, Int32(size))
    builder.call(.xdpStoreBytes)
    Self.packResult(in: &builder)
    builder.move(.r0, .r8)
    builder.label("exit")
    builder.exit()
    var packets: [[UInt8]] = []
    for length in [22, 64, 128, 1500] {
      for from: Int32 in [0, 14, 36, 64, 65, 127, 128, 1436, 1437, 0xffff, 0x10000, -1, .min] {
        for to: Int32 in [0, 30, 64, 1436, 1437, 0xffff, 0x10000, -1] {
          packets.append(Self.packet(length, from, to))
        }
      }
    }
    try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
  }
}
