public import BPFPlatform

/// What changes a verdict.
public struct VerifierOptions: Hashable, Sendable {
  /// Whether the program is trusted with addresses: it may leak pointers and read stack that was never written, as a
  /// program that Linux loads for root. What it may do to memory is the same.
  /// To set it sets ``tracksSpeculation`` to the opposite.
  public var isPrivileged = true {
    didSet { tracksSpeculation = !isPrivileged }
  }
  /// Whether it is found out what the program would do where a processor guesses wrong, and what prevents harm
  /// (``InstructionFacts/mask``, ``InstructionFacts/needsBarrier``). No program is refused for it, unless it takes too much work.
  public var tracksSpeculation = false
  /// Whether each access to memory has to be aligned to its size; stack and context always are.
  public var requiresAlignment = false
  /// Whether code that cannot be reached is accepted: it is removed by rewriting.
  public var allowsUnreachableCode = false
  /// Whether global functions have to be safe for all arguments that their prototypes allow, as Linux demands where it is
  /// told their types. Otherwise a program passes as well if they are safe as it calls them.
  public var requiresPrototypes = false
  /// Whether the program's licence is compatible with the GPL: some helpers ask for it.
  public var isGPLCompatible = true
  /// The kernel's `enum bpf_attach_type`, where a program type's rules depend on it.
  public var attachType: UInt32?
  /// The helpers that a host offers beside the kernel's.
  public var hostHelpers: [HelperPrototype] = []

  public init() {}
}

/// How far verification goes before it gives up.
public struct VerifierLimits: Hashable, Sendable {
  /// Instructions looked at, over all paths. Linux: 1,000,000.
  public var processedInstructions = 1_000_000
  /// States kept for comparison.
  public var states = 4_000_000
  /// Bytes of states kept and pending.
  public var memory = 1 << 30
  /// Branches that wait at one time. Linux: 8,192.
  public var pendingBranches = 8_192

  public init() {}

  /// Nested calls, the program itself included.
  static let frames = 8
  /// Bytes of stack, over all frames of a path.
  static let stackBytes = 512
  static let functions = 256
  /// References held at one time.
  static let references = 64
  /// The farthest a variable offset may reach, in bytes, exclusive.
  static let variableOffset: Int64 = 1 << 29
  /// The farthest from a packet's start that is looked at, in bytes.
  static let packetOffset: UInt64 = 0xffff
}
