/// What one run of a program gave.
///
/// What it did to its packet and context is in the ``ExecutionFrame`` it ran in, its events in the maps.
public struct Outcome: Sendable {
  /// All 64 bits of r0 at exit; 0 after a fault.
  public let returnValue: UInt64
  /// The number of instructions executed, those of tail-called programs included; nil where nothing was counted.
  public let instructions: Int?
  /// Why the run was ended early, if it was.
  public let fault: Fault?
  /// Where the program sent the packet, if it asked to.
  public let redirect: ExecutionFrame.Redirect?
  /// The copies of the packet it sent with `bpf_clone_redirect`, first one first.
  public let clones: [PacketClone]
  /// The lines the program wrote with `bpf_trace_printk`.
  public let traceLines: [String]
}
