import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The helpers for texts, and those that tell of the task a program runs for, against the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct TextAndTaskHelperTests {
  private static let result = MapSpec(
    name: "result", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1)

  /// Stores r0 and the bytes at fp - 64 to fp - 32 in the map, and returns r0.
  private static func finish(_ builder: inout ProgramBuilder) {
    builder.load(.r1, valueOf: result)
    builder.store(.double, .r1, 0, .register(.r0))
    for offset in stride(from: Int16(0), to: 32, by: 8) {
      builder.load(.r2, .double, .r10, -64 + offset)
      builder.store(.double, .r1, 8 + offset, .register(.r2))
    }
    builder.exit()
  }

  private static func fillStack(_ builder: inout ProgramBuilder) {
    for offset in stride(from: Int16(0), to: 32, by: 8) {
      builder.store(.double, .r10, -64 + offset, .immediate(-1))
    }
  }

  private static let packet = [UInt8](repeating: 0, count: 60)

  @Test(arguments: [HelperID.stringToLong, .stringToUnsignedLong])
  func `numbers are read as the kernel reads them`(helper: HelperID) throws {
    let texts = [
      "0", "42", "  42", "\t-42", "-", " ", "+1", "x", "0x1f", "0X1F", "0x", "017", "08", "0", "-0",
      "ff", "-0x10", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
      "-9223372036854775809", "18446744073709551615", "18446744073709551616",
      "99999999999999999999999", "12 34", "1\0002", "\u{a0}1",
      String(repeating: "0", count: 70) + "1",
    ]
    for text in texts {
      for flags: Int32 in [0, 8, 10, 16, 2, 32, 0x20 | 10] {
        var builder = ProgramBuilder("strtol")
        Self.fillStack(&builder)
        let bytes = Array(text.utf8)
        builder.storeBytes(bytes, at: -160)
        builder.move(.r1, .r10)
        builder.apply(.add, .r1, .immediate(-160))
        builder.move(.r2, Int32(bytes.count))
        builder.move(.r3, flags)
        builder.move(.r4, .r10)
        builder.apply(.add, .r4, .immediate(-64))
        builder.call(helper)
        Self.finish(&builder)
        try expectSameAsKernel(builder.compared(as: .socketFilter), on: [Self.packet])
      }
    }
  }

  @Test func `strings are compared as the kernel compares them`() throws {
    let texts = ["", "a", "ab", "abc", "abcdefgh", "b", "\u{e9}", "abd"]
    for other in texts {
      let bytes = Array(other.utf8) + [0]
      let constant = MapSpec(
        name: "constant", kind: .array, keySize: 4, valueSize: bytes.count, maxEntries: 1,
        flags: .readOnlyForPrograms,
        contents: [.init(key: [0, 0, 0, 0], value: .bytes(bytes))], isFrozen: true)
      for text in texts {
        for size in 1...8 as ClosedRange<Int32> {
          var builder = ProgramBuilder("strncmp")
          Self.fillStack(&builder)
          let padded = (Array(text.utf8) + [UInt8](repeating: 0, count: 8)).prefix(8)
          builder.storeBytes(Array(padded), at: -160)
          builder.move(.r1, .r10)
          builder.apply(.add, .r1, .immediate(-160))
          builder.move(.r2, size)
          builder.load(.r3, valueOf: constant)
          builder.call(.stringCompare)
          Self.finish(&builder)
          try expectSameAsKernel(builder.compared(as: .socketFilter), on: [Self.packet])
        }
      }
    }
  }

  @Test(arguments: [HelperID.getCurrentPIDTGID, .getCurrentUIDGID, .getProcessorID, .getNUMANodeID])
  func `the task and the processor are the caller's`(helper: HelperID) throws {
    var builder = ProgramBuilder("current")
    Self.fillStack(&builder)
    builder.call(helper)
    Self.finish(&builder)
    try expectSameAsKernel(builder.compared(as: .socketFilter), on: [Self.packet])
  }

  @Test(arguments: [1, 2, 8, 15, 16, 17, 32] as [Int32])
  func `the task's name is cut to the buffer`(size: Int32) throws {
    var builder = ProgramBuilder("comm")
    Self.fillStack(&builder)
    builder.move(.r1, .r10)
    builder.apply(.add, .r1, .immediate(-64))
    builder.move(.r2, size)
    builder.call(.getCurrentComm)
    Self.finish(&builder)
    try expectSameAsKernel(builder.compared(as: .socketFilter), on: [Self.packet])
  }
}
