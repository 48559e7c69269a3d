import BPFISA
@_spi(Unverified) public import BPFRuntime
import BPFVerifier

/// Runs one program on the same packets in the kernel and here, and says where they differ: in the
/// return value (its low 32 bits), the packet with its metadata, the context, or the maps.
///
/// Here it runs in the checked interpreter and, if the verifier accepts it, once more rewritten in the other.
///
/// Needs ``KernelOracle/isAvailable``.
public struct KernelComparison {
  private let main: ComparedProgram
  private let tailCalled: [ComparedProgram]
  private let flags: UInt32
  private let hasFullMaps: Bool
  private let prepare: (ExecutionFrame) -> Void

  /// - Parameters:
  ///   - tailCalled: the programs that program arrays' initial contents name.
  ///   - hasFullMaps: whether ``MapFill`` puts something into the maps of both.
  ///   - flags: how the kernel runs the program (`BPF_F_TEST_…`).
  ///   - prepare: tells the frame here what the kernel has by itself.
  public init(
    _ main: ComparedProgram, tailCalled: [ComparedProgram] = [], flags: UInt32 = 0,
    hasFullMaps: Bool = false,
    prepare: @escaping (ExecutionFrame) -> Void = { _ in }
  ) {
    self.main = main
    self.tailCalled = tailCalled
    self.flags = flags
    self.hasFullMaps = hasFullMaps
    self.prepare = prepare
  }

  /// Something that is not as in the kernel.
  public struct Difference: CustomStringConvertible {
    let text: String
    /// The fault that ended the run here, if one did.
    public let fault: Fault?

    public var description: String { text }
  }

  /// What the program runs on once.
  public struct Input {
    /// The packet, from the Ethernet header on.
    public var packet: [UInt8]
    /// Fields of the context to set, as in ``ExecutionFrame/setContext(_:to:)``.
    public var context: [String: UInt64]

    public init(_ packet: [UInt8], context: [String: UInt64] = [:]) {
      self.packet = packet
      self.context = context
    }
  }

  /// Where the two differ, a line each; empty if nowhere.
  ///
  /// - Parameter inputs: what the program runs on, one after the other; each sets the same fields of the context.
  /// - Throws: ``KernelRefusal`` if the kernel does not load or run the program.
  public func differences(on inputs: [Input]) throws -> [Difference] {
    var differences = try differences(on: inputs, execution: .checked)
    do {
      for execution in [Engine.Execution.compiled, .interpreted] {
        differences += try self.differences(on: inputs, execution: execution)
      }
    } catch is Rejection {}
    return differences
  }

  private func differences(
    on inputs: [Input], execution: Engine.Execution
  ) throws -> [Difference] {
    let engine = try EngineSide(
      main, tailCalled, execution: execution, fill: { if hasFullMaps { try MapFill.fill($0) } },
      prepare: prepare)
    let kernel = try KernelSide(main, tailCalled, isFull: hasFullMaps)
    var differences: [Difference] = []
    for (index, input) in inputs.enumerated() {
      let expected = try KernelOracle.onFirstProcessor {
        try kernel.run(input.packet, context: input.context, flags: flags)
      }
      let found = try engine.run(input.packet, context: input.context)
      differences += found.differences(from: expected).map {
        Difference(
          text:
            "\(main.program.name) (\(execution)), packet \(index) of \(input.packet.count) bytes: \($0)",
          fault: found.fault)
      }
    }
    let maps = try engine.mapDifferences(from: kernel)
    return differences + maps.map { Difference(text: $0, fault: nil) }
  }

  /// Where the two differ on packets, with a context of zeroes.
  public func differences(on packets: [[UInt8]]) throws -> [Difference] {
    try differences(on: packets.map { Input($0) })
  }
}

/// What a run left: in the kernel or here.
struct ComparedRun {
  var returnValue: UInt32
  /// All 64 bits; nil from the kernel, which gives half of them.
  var wholeValue: UInt64?
  var packet: [UInt8]
  /// The context's fields that programs may change, by name.
  var context: [String: UInt64]
  /// Redirects, copies and lines written; nothing from the kernel.
  var effects: [String] = []
  var fault: Fault?

  func differences(from expected: ComparedRun) -> [String] {
    if let fault { return ["the kernel ran it, here it faults: \(fault)"] }
    var lines: [String] = []
    if returnValue != expected.returnValue {
      lines.append("the kernel returns \(expected.returnValue), here it is \(returnValue)")
    }
    if packet != expected.packet {
      lines.append("the kernel's packet is \(expected.packet), here it is \(packet)")
    }
    for (name, value) in expected.context.sorted(by: { $0.key < $1.key })
    where context[name] != value {
      lines.append("the kernel's \(name) is \(value), here it is \(context[name] ?? 0)")
    }
    return lines
  }

  /// The fields of `__sk_buff` that a test run gives back and programs may write.
  static let socketBufferFields =
    ["mark", "priority", "tstamp"] + (0..<5).map { "cb[\($0)]" }
}
