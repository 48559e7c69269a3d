import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The helpers of programs on socket buffers against the running kernel. Arguments come in the context's `cb`.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct SocketBufferHelperTests {
  typealias Input = KernelComparison.Input

  /// The offset of `cb[0]` in `struct __sk_buff`.
  private static let cb: Int16 = 48
  /// The offset of `mark`.
  private static let mark: Int16 = 8

  /// A packet whose bytes tell where they are: IPv4 where it has room for the header, which the kernel then wants.
  static func packet(_ size: Int) -> [UInt8] {
    var bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
    (bytes[12], bytes[13]) = size < 34 ? (0x88, 0xb5) : (0x08, 0x00)
    if size > 14 { bytes[14] = 0x45 }
    return bytes
  }

  static func input(_ size: Int, _ arguments: UInt32...) -> Input {
    var context: [String: UInt64] = [:]
    for index in 0..<5 {
      context["cb[\(index)]"] = index < arguments.count ? UInt64(arguments[index]) : 0
    }
    return Input(packet(size), context: context)
  }

  /// Puts the context in r6 and its `cb` on the stack, at fp - 8, fp - 16, …
  private static func takeArguments(in builder: inout ProgramBuilder) {
    builder.move(.r6, .r1)
    for index in 0..<5 as Range<Int16> {
      builder.load(.r2, .word, .r6, cb + 4 * index)
      builder.store(.double, .r10, -8 * (index + 1), .register(.r2))
    }
  }

  /// Stores r0's low half in the mark, and returns 1, which every type may.
  private static func finish(_ builder: inout ProgramBuilder) {
    builder.store(.word, .r6, mark, .register(.r0))
    builder.move(.r0, 1)
    builder.exit()
  }

  private static let offsets: [UInt32] = [
    0, 1, 13, 14, 36, 45, 46, 49, 50, 59, 60, 85, 86, 99, 100, 0x7fff_ffff, 0x8000_0000, .max,
  ]

  @Test(arguments: [ProgramType.schedCLS, .socketFilter, .cgroupSKB])
  func `bytes are loaded, or the buffer is cleared`(type: ProgramType) throws {
    for size in [1, 4, 14, 50] as [Int16] {
      for isRelative in [false, true] {
        var builder = ProgramBuilder("skb_load")
        Self.takeArguments(in: &builder)
        builder.storeBytes([UInt8](repeating: 0xee, count: Int(size)), at: -104)
        builder.move(.r1, .r6)
        builder.load(.r2, .double, .r10, -8)
        builder.move(.r3, .r10)
        builder.apply(.add, .r3, .immediate(-104))
        builder.move(.r4, Int32(size))
        builder.load(.r5, .double, .r10, -16)
        builder.call(isRelative ? .skbLoadBytesRelative : .skbLoadBytes)
        // The buffer's first and last bytes tell what was loaded.
        builder.load(.r2, .byte, .r10, -104)
        builder.store(.word, .r6, Self.cb + 8, .register(.r2))
        builder.load(.r2, .byte, .r10, -104 + size - 1)
        builder.store(.word, .r6, Self.cb + 12, .register(.r2))
        if type == .socketFilter {
          // Its context's mark is not writable.
          builder.store(.word, .r6, Self.cb + 16, .register(.r0))
          builder.move(.r0, 1)
          builder.exit()
        } else {
          Self.finish(&builder)
        }
        var inputs: [Input] = []
        for length in [14, 15, 60, 100] {
          for offset in Self.offsets + [0xffff, 0x10000] {
            for header: UInt32 in isRelative ? [0, 1, 2] : [0] {
              inputs.append(Self.input(length, offset, header))
            }
          }
        }
        try expectSameAsKernel(builder.compared(as: type), on: inputs)
      }
    }
  }

  @Test func `bytes are stored where the packet has them`() throws {
    for size in [1, 6, 50] as [Int16] {
      var builder = ProgramBuilder("skb_store")
      Self.takeArguments(in: &builder)
      builder.storeBytes((0..<UInt8(size)).map { 0xf0 &+ $0 }, at: -104)
      builder.move(.r1, .r6)
      builder.load(.r2, .double, .r10, -8)
      builder.move(.r3, .r10)
      builder.apply(.add, .r3, .immediate(-104))
      builder.move(.r4, Int32(size))
      builder.load(.r5, .double, .r10, -16)
      builder.call(.skbStoreBytes)
      Self.finish(&builder)
      var inputs: [Input] = []
      for length in [14, 60, 100] {
        for offset in Self.offsets {
          for flags: UInt32 in [0, 1, 2, 3, 4] { inputs.append(Self.input(length, offset, flags)) }
        }
      }
      try expectSameAsKernel(builder.compared(as: .schedCLS), on: inputs)
    }
  }

  @Test func `data is there to pull where the packet is long enough`() throws {
    var builder = ProgramBuilder("skb_pull")
    Self.takeArguments(in: &builder)
    builder.move(.r1, .r6)
    builder.load(.r2, .double, .r10, -8)
    builder.call(.skbPullData)
    Self.finish(&builder)
    var inputs: [Input] = []
    for length in [14, 60, 100] {
      // The kernel warns about sizes beyond those of a packet, so they are left out.
      for size: UInt32 in [0, 1, 14, 15, 60, 61, 100, 101, 0x7fff_ffff] {
        inputs.append(Self.input(length, size))
      }
    }
    try expectSameAsKernel(builder.compared(as: .schedCLS), on: inputs)
  }

  @Test(arguments: [HelperID.l3ChecksumReplace, .l4ChecksumReplace])
  func `checksums in the packet are replaced`(helper: HelperID) throws {
    var builder = ProgramBuilder("csum_replace")
    Self.takeArguments(in: &builder)
    builder.move(.r1, .r6)
    builder.load(.r2, .double, .r10, -8)
    builder.load(.r3, .double, .r10, -16)
    builder.load(.r4, .double, .r10, -24)
    builder.load(.r5, .double, .r10, -32)
    builder.call(helper)
    Self.finish(&builder)
    let values: [(UInt32, UInt32)] = [
      (0, 0), (0, 0xffff), (0x1234, 0x4321), (0xffff, 0), (0x1_0000, 0xffff_ffff),
      (0xdead_beef, 0x0102_0304), (0, 0xfffe_0001),
    ]
    let l4Flags: [UInt32] = [
      0x10, 0x12, 0x14, 0x20, 0x22, 0x24, 0x34, 0x60, 0x64, 0x80, 0x84, 0x100,
    ]
    let flags: [UInt32] = [0, 2, 4, 1, 8] + (helper == .l4ChecksumReplace ? l4Flags : [0x10])
    var inputs: [Input] = []
    for offset: UInt32 in [0, 24, 25, 50, 58, 59, 60, 0xffff, 0x10000] {
      for (from, to) in values {
        for flags in flags { inputs.append(Self.input(60, offset, from, to, flags)) }
      }
    }
    // A field that holds 0, for the flags that treat it apart.
    for (from, to) in values {
      for flags in flags {
        var input = Self.input(60, 24, from, to, flags)
        input.packet[24] = 0
        input.packet[25] = 0
        inputs.append(input)
      }
    }
    try expectSameAsKernel(builder.compared(as: .schedCLS), on: inputs)
  }
}
