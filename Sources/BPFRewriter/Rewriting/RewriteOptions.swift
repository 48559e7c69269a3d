/// What a ``Rewriter`` does beyond what every program needs.
public struct RewriteOptions: Hashable, Sendable {
  /// Guards divisions by what may be 0 (``DivisionGuards``), as processors need it; the engines of this package divide as RFC 9669
  /// defines it by themselves.
  public var guardsDivisions = true
  /// Hides the immediates of the program behind random keys, as last pass (``ConstantBlinding``).
  public var blindsConstants = false
  /// Clears the upper half of results of 32 bits, for machines that do not (``ZeroExtension``).
  public var extendsZero = false
  /// Keeps indices of tail calls in bounds on mispredicted paths as well (``TailCallMasking``).
  public var masksTailCalls = false
  /// Keeps a processor that guesses wrong from harm, with masks and barriers (``SpeculationMasking``); ``masksTailCalls`` goes
  /// with it. Programs have to be verified with ``BPFVerifier/VerifierOptions/tracksSpeculation``.
  public var masksSpeculation = false

  public init() {}
}
