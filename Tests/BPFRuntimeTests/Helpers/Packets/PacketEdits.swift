import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// A call of a helper on the context, with constants for its other arguments.
struct PacketEdit: CustomStringConvertible {
  let helper: HelperID
  let arguments: [UInt64]

  init(_ helper: HelperID, _ arguments: UInt64...) {
    self.helper = helper
    self.arguments = arguments
  }

  var description: String {
    "\(helper.name ?? "?")(\(arguments.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")))"
  }
}

/// Programs that edit a packet step by step and tell in their context what they saw after each.
enum PacketEdits {
  /// Offsets of fields of `struct __sk_buff`.
  private enum Field {
    static let length: Int16 = 0
    static let packetType: Int16 = 4
    static let mark: Int16 = 8
    static let etherType: Int16 = 16
    static let hasTag: Int16 = 20
    static let tag: Int16 = 24
    static let tagProtocol: Int16 = 28
    static let priority: Int16 = 32
    static let cb: Int16 = 48
    static let hash: Int16 = 68
    static let data: Int16 = 76
    static let dataEnd: Int16 = 80
    static let segmentCount: Int16 = 164
    static let segmentSize: Int16 = 176
  }

  /// A program that makes the edits one after the other.
  ///
  /// A number in r7 takes in every result, and after each edit the length, the protocol, the tag, the bytes at the packet's
  /// start, at its link-layer and its network header; its halves are left in `mark` and `priority`, the last edit's
  /// result and what the context says at the end in `cb`.
  static func program(
    _ edits: [PacketEdit], as type: ProgramType = .schedCLS
  ) throws -> ComparedProgram {
    var builder = ProgramBuilder("edits")
    builder.move(.r6, .r1)
    builder.move(.r7, 0)
    for (index, edit) in edits.enumerated() {
      builder.move(.r1, .r6)
      for (register, value) in zip([Register.r2, .r3, .r4, .r5], edit.arguments) {
        builder.moveWide(register, value)
      }
      builder.call(edit.helper)
      if index == edits.count - 1 { builder.store(.word, .r6, Field.cb, .register(.r0)) }
      take(.r0, in: &builder)
      for field in [
        Field.length, Field.packetType, Field.etherType, Field.tag, Field.tagProtocol,
        Field.hasTag,
      ] {
        builder.load(.r0, .word, .r6, field)
        take(.r0, in: &builder)
      }
      // What direct access sees at the start.
      builder.load(.r2, .word, .r6, Field.data)
      builder.load(.r3, .word, .r6, Field.dataEnd)
      builder.move(.r4, .r2)
      builder.apply(.add, .r4, .immediate(14))
      builder.jump(if: .greater, .r4, .register(.r3), to: "short \(index)")
      builder.load(.r0, .word, .r2, 10)
      take(.r0, in: &builder)
      builder.label("short \(index)")
      // Programs of tunnels cannot ask for headers.
      for header in type == .schedCLS ? [0, 1] : [] as [Int32] {
        builder.move(.r1, .r6)
        builder.move(.r2, 0)
        builder.move(.r3, .r10)
        builder.apply(.add, .r3, .immediate(-8))
        builder.move(.r4, 4)
        builder.move(.r5, header)
        builder.call(.skbLoadBytesRelative)
        take(.r0, in: &builder)
        builder.load(.r0, .word, .r10, -8)
        take(.r0, in: &builder)
      }
    }
    builder.store(.word, .r6, Field.mark, .register(.r7))
    builder.apply(.shiftRight, .r7, .immediate(32))
    builder.store(.word, .r6, Field.priority, .register(.r7))
    pack([(Field.etherType, 0), (Field.tagProtocol, 16)], into: 1, in: &builder)
    pack([(Field.tag, 0), (Field.hasTag, 16), (Field.packetType, 20)], into: 2, in: &builder)
    pack([(Field.segmentSize, 0), (Field.segmentCount, 16)], into: 3, in: &builder)
    pack([(Field.length, 0)], into: 4, in: &builder)
    builder.move(.r0, 0)
    builder.exit()
    return try builder.compared(as: type)
  }

  private static func take(_ register: Register, in builder: inout ProgramBuilder) {
    builder.apply(.multiply, .r7, .immediate(0x0100_0193))
    builder.apply(.xor, .r7, .register(register))
  }

  private static func pack(
    _ fields: [(offset: Int16, shift: Int32)], into word: Int16,
    in builder: inout ProgramBuilder
  ) {
    builder.move(.r2, 0)
    for (offset, shift) in fields {
      builder.load(.r3, .word, .r6, offset)
      builder.apply(.shiftLeft, .r3, .immediate(shift))
      builder.apply(.or, .r2, .register(.r3))
    }
    builder.store(.word, .r6, Field.cb + 4 * word, .register(.r2))
  }

  /// Expects that the edits do to every packet what they do in the kernel; where not, shows the fewest that do not.
  static func expectSame(
    _ edits: [PacketEdit], on packets: [[UInt8]] = PacketSamples.all,
    as type: ProgramType = .schedCLS, context: [String: UInt64] = [:], flags: UInt32 = 0,
    prepare: @escaping (ExecutionFrame) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func differences(_ edits: [PacketEdit]) throws -> [KernelComparison.Difference] {
      try KernelComparison(program(edits, as: type), flags: flags, prepare: prepare).differences(
        on: packets.map { KernelComparison.Input($0, context: context) })
    }
    var edits = edits
    var different = try differences(edits)
    guard !different.isEmpty else { return }
    var index = 0
    while index < edits.count && edits.count > 1 {
      var fewer = edits
      fewer.remove(at: index)
      let found = try differences(fewer)
      if found.isEmpty {
        index += 1
      } else {
        edits = fewer
        different = found
      }
    }
    let shown = different.prefix(4).map(\.description).joined(separator: "\n")
    Issue.record(
      "\(edits): \(different.count) differences:\n\(shown)", sourceLocation: sourceLocation)
  }
}
