import BPFPlatform
import BPFRewriter

/// The passes a command line can ask for.
enum RewritePass: String, CaseIterable {
  case unreachable
  case emptyJumps = "empty-jumps"
  case inlineHelpers = "inline-helpers"
  case packetLoads = "packet-loads"
  case division
  case mayGoto = "may-goto"
  case blinding

  /// What it does, in a few words.
  var abstract: String {
    switch self {
    case .unreachable: "remove instructions that no path leads to"
    case .emptyJumps: "remove jumps to the instruction that follows"
    case .inlineHelpers: "put values in place of helper calls (--inline)"
    case .packetLoads: "make legacy packet loads ordinary code"
    case .division: "guard divisions by zero and of the smallest number by -1"
    case .mayGoto: "make may_goto a counter on the stack"
    case .blinding: "hide immediates behind random keys"
    }
  }

  /// What passes are made from.
  struct Settings {
    /// What the program is; nil where nothing says.
    var type: ProgramType?
    /// Where random keys start from; nil for ones that nobody can foretell.
    var seed: UInt64?
    var inlined: [HelperID: HelperInlining.Value] = [:]
  }

  func make(_ settings: Settings) -> any Pass {
    switch self {
    case .unreachable: UnreachableCodeRemoval()
    case .emptyJumps: EmptyJumpRemoval()
    case .inlineHelpers: HelperInlining(settings.inlined)
    case .packetLoads: PacketLoadLowering(for: settings.type ?? .unspecified)
    case .division: DivisionGuards()
    case .mayGoto: MayGotoLowering()
    case .blinding:
      if let seed = settings.seed {
        ConstantBlinding(using: SeededGenerator(seed: seed))
      } else {
        ConstantBlinding(using: SystemRandomNumberGenerator())
      }
    }
  }
}

/// Numbers that look random and are the same for the same seed (SplitMix64): for output that can be made again, and for
/// nothing that has to be kept secret.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
