/// What one run of a program gave.
///
/// What it did to its packet and context is in the ``ExecutionFrame`` it ran in, its events in the maps.
public struct Outcome: Sendable {
  /// All 64 bits of r0 at exit; 0 after a fault.
  public let returnValue: UInt64
  /// The number of instructions executed, those of tail-called programs included; nil where nothing was counted.
  public let instructions: Int?
  private let details: Details?

  /// Where the program sent the packet, if it asked to.
  public var redirect: ExecutionFrame.Redirect? { details?.redirect }
  /// Why the run was ended early, if it was.
  public var fault: Fault? { details?.fault }
  /// The copies of the packet it sent with `bpf_clone_redirect`, first one first.
  public var clones: [PacketClone] { details?.clones ?? [] }
  /// The lines the program wrote with `bpf_trace_printk`.
  public var traceLines: [String] { details?.traceLines ?? [] }

  /// What few runs have, apart from the rest: an outcome costs as much as entering a program.
  private final class Details: Sendable {
    let fault: Fault?
    let redirect: ExecutionFrame.Redirect?
    let clones: [PacketClone]
    let traceLines: [String]

    init(_ fault: Fault?, _ frame: ExecutionFrame) {
      self.fault = fault
      redirect = frame.redirect
      clones = frame.clones
      traceLines = frame.traceLines
    }

    /// The same, ended for a reason.
    init(_ details: Details?, endedBy fault: Fault) {
      self.fault = fault
      redirect = details?.redirect
      clones = details?.clones ?? []
      traceLines = details?.traceLines ?? []
    }
  }

  /// What a run in a frame did that came to its end.
  @inline(__always)
  init(returnValue: UInt64, instructions: Int?, in frame: ExecutionFrame) {
    self.returnValue = returnValue
    self.instructions = instructions
    details = frame.hasEffects ? Details(nil, frame) : nil
  }

  /// What a run in a frame did that was ended early.
  init(_ fault: Fault, instructions: Int?, in frame: ExecutionFrame) {
    self.init(0, instructions, Details(fault, frame))
  }

  /// The outcome of the run, ended for a reason.
  func ended(by fault: Fault) -> Outcome {
    Outcome(0, instructions, Details(details, endedBy: fault))
  }

  private init(_ returnValue: UInt64, _ instructions: Int?, _ details: Details) {
    self.returnValue = returnValue
    self.instructions = instructions
    self.details = details
  }
}
