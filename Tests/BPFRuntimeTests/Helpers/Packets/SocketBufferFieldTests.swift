import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The fields of a socket buffer's context against the running kernel: what a program finds in them, and what is left of
/// what it writes.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct SocketBufferFieldTests {
  private static let types: [ProgramType] = [
    .schedCLS, .socketFilter, .cgroupSKB, .lwtIn, .lwtOut, .lwtXmit,
  ]
  private static let cb: Int16 = 48

  /// The scalar fields that hold what a test run does not give by chance.
  private static func fields(of type: ProgramType) -> [ContextLayout.Field] {
    guard let layout = ContextLayout(for: type) else { return [] }
    // A test run's packet has a socket, which a process has not: that says where it is from and goes.
    let ofSocket: Set = [
      "family", "remote_ip4", "local_ip4", "remote_ip6", "local_ip6", "remote_port", "local_port",
    ]
    return layout.fields.filter {
      $0.kind == .scalar && $0.access.contains(.read) && !ofSocket.contains($0.name)
    }
  }

  private static func size(_ count: Int) -> MemorySize {
    switch count {
    case 1: .byte
    case 2: .half
    case 4: .word
    default: .double
    }
  }

  @Test(arguments: types) func `fields hold what a test run's do`(type: ProgramType) throws {
    for field in Self.fields(of: type) where field.name != "cb" {
      var builder = ProgramBuilder("field")
      builder.load(.r2, Self.size(field.size), .r1, Int16(field.offset))
      builder.store(.word, .r1, Self.cb, .register(.r2))
      builder.apply(.shiftRight, .r2, .immediate(32))
      builder.store(.word, .r1, Self.cb + 4, .register(.r2))
      // The parts of a word.
      if field.access.contains(.narrowRead), field.size == 4 {
        builder.load(.r2, .half, .r1, Int16(field.offset + 2))
        builder.store(.word, .r1, Self.cb + 8, .register(.r2))
        builder.load(.r2, .byte, .r1, Int16(field.offset + 1))
        builder.store(.word, .r1, Self.cb + 12, .register(.r2))
      }
      builder.move(.r0, 1)
      builder.exit()
      try expectSameAsKernel(builder.compared(as: type), on: PacketSamples.all)
      try expectSameAsKernel(
        builder.compared(as: type),
        on: [
          KernelComparison.Input(
            PacketSamples.all[0],
            context: [
              "mark": 0x1234_5678, "priority": 0x9abc_def0, "wire_len": 2000, "gso_segs": 3,
              "gso_size": 500, "tstamp": 0x0123_4567_89ab_cdef, "hwtstamp": 77,
            ].filter { Self.isSettable($0.key, in: type) })
        ])
    }
  }

  private static func isSettable(_ name: String, in type: ProgramType) -> Bool {
    ContextLayout(for: type)?.field(named: name) != nil
  }

  @Test(arguments: types) func `what is written is there to read`(type: ProgramType) throws {
    for field in Self.fields(of: type) where field.access.contains(.write) && field.name != "cb" {
      for values in [
        [0], [1], [0xfffe], [0xffff], [0x1_0000], [5, 0x1_0000], [5, 0xffff], [0x1234_5678, 9],
        [0xffff_ffff], [7, 0x8_0007],
      ] as [[UInt64]] {
        var builder = ProgramBuilder("written")
        for value in values {
          builder.moveWide(.r2, value)
          builder.store(Self.size(field.size), .r1, Int16(field.offset), .register(.r2))
        }
        builder.load(.r2, Self.size(field.size), .r1, Int16(field.offset))
        builder.store(.word, .r1, Self.cb, .register(.r2))
        builder.move(.r0, 1)
        builder.exit()
        try expectSameAsKernel(builder.compared(as: type), on: [PacketSamples.all[0]])
      }
    }
  }
}
