import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// Calls of helpers whose results and memory are compared with the kernel's.
struct HelperProbe {
  /// An argument of a call.
  enum Argument {
    case context
    case value(UInt64)
    /// Memory, by its offset among the probe's.
    case memory(Int)
  }

  private let type: ProgramType
  private var memory: [UInt8] = []
  private var calls: [(helper: HelperID, arguments: [Argument])] = []

  /// The room for results before the memory.
  private static let resultRoom = 64

  private let flags: UInt32

  /// - Parameter flags: how the kernel runs it (`BPF_F_TEST_…`).
  init(_ type: ProgramType = .schedCLS, flags: UInt32 = 0) {
    self.type = type
    self.flags = flags
  }

  /// Adds memory that calls can be given; its start is a multiple of 8.
  mutating func memory(_ bytes: [UInt8]) -> Argument {
    let offset = memory.count
    memory += bytes + [UInt8](repeating: 0xcc, count: (8 - bytes.count % 8) % 8)
    return .memory(offset)
  }

  mutating func call(_ helper: HelperID, _ arguments: Argument...) {
    precondition(calls.count < Self.resultRoom / 8, "each result has its place")
    calls.append((helper, arguments))
  }

  /// The program, with a map of one value that holds results and memory.
  private func compared() throws -> ComparedProgram {
    let value = [UInt8](repeating: 0, count: Self.resultRoom) + memory
    var spec = MapSpec(
      name: "probe", kind: .array, keySize: 4, valueSize: value.count, maxEntries: 1)
    spec.contents = [.init(key: [0, 0, 0, 0], value: .bytes(value))]
    var builder = ProgramBuilder("probe")
    builder.move(.r6, .r1)
    for (index, call) in calls.enumerated() {
      for (register, argument) in zip([Register.r1, .r2, .r3, .r4, .r5], call.arguments) {
        switch argument {
        case .context: builder.move(register, .r6)
        case .value(let value): builder.moveWide(register, value)
        case .memory(let offset):
          builder.load(register, valueOf: spec, offset: Int32(Self.resultRoom + offset))
        }
      }
      builder.call(call.helper)
      builder.load(.r1, valueOf: spec, offset: Int32(8 * index))
      builder.store(.double, .r1, 0, .register(.r0))
    }
    builder.move(.r0, 1)
    builder.exit()
    return try builder.compared(as: type)
  }

  /// Expects the kernel's results, memory and packet.
  func expectSame(
    on packets: [[UInt8]] = [PacketSamples.all[0]], context: [String: UInt64] = [:],
    prepare: @escaping (ExecutionFrame) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    // Maps are compared when all runs are over: a program for each packet.
    for packet in packets {
      let comparison = KernelComparison(try compared(), flags: flags, prepare: prepare)
      let differences = try comparison.differences(
        on: [KernelComparison.Input(packet, context: context)])
      if let first = differences.first {
        Issue.record(
          "\(calls.map(\.helper.name)): \(first)\nmemory was \(memory)",
          sourceLocation: sourceLocation)
      }
    }
  }
}
