import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The redirecting helpers against the running kernel; where packets go to is only recorded.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct RedirectHelperTests {
  @Test func `XDP programs redirect without flags`() throws {
    var builder = ProgramBuilder("xdp_redirect")
    XDPHelperTests.takeArguments(2, in: &builder)
    builder.load(.r1, .double, .r10, -8)
    builder.load(.r2, .double, .r10, -16)
    builder.call(.redirect)
    builder.label("exit")
    builder.exit()
    var packets: [[UInt8]] = []
    for interface: Int32 in [0, 1, 77, .max, -1] {
      for flags: Int32 in [0, 1, 2, 8, -1] {
        packets.append(XDPHelperTests.packet(60, interface, flags))
      }
    }
    try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
  }

  @Test func `classifiers redirect with the ingress flag at most`() throws {
    var builder = ProgramBuilder("tc_redirect")
    builder.load(.r2, .word, .r1, 52)
    builder.load(.r1, .word, .r1, 48)
    builder.call(.redirect)
    builder.exit()
    var inputs: [KernelComparison.Input] = []
    for interface: UInt32 in [0, 1, 77, .max] {
      for flags: UInt32 in [0, 1, 2, 3, 8, .max] {
        inputs.append(SocketBufferHelperTests.input(60, interface, flags))
      }
    }
    try expectSameAsKernel(builder.compared(as: .schedCLS), on: inputs)
  }

  @Test func `maps of devices redirect where they have an entry`() throws {
    let devices = MapSpec(
      name: "devices", kind: .deviceMap, keySize: 4, valueSize: 4, maxEntries: 4,
      contents: [.init(key: [2, 0, 0, 0], value: .bytes([1, 0, 0, 0]))])
    var builder = ProgramBuilder("redirect_map")
    XDPHelperTests.takeArguments(2, in: &builder)
    builder.load(.r1, map: devices)
    builder.load(.r2, .double, .r10, -8)
    builder.load(.r3, .double, .r10, -16)
    builder.call(.redirectMap)
    builder.label("exit")
    builder.exit()
    var packets: [[UInt8]] = []
    for index: Int32 in [0, 2, 3, 4, .max, -1] {
      for flags: Int32 in [0, 1, 2, 3, 4, 7, 8, 9, 16, 24, 25, 32, -1] {
        packets.append(XDPHelperTests.packet(60, index, flags))
      }
    }
    try expectSameAsKernel(builder.compared(as: .xdp), on: packets)
  }
}
