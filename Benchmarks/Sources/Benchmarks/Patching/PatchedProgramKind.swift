import BPFISA
import BPFRewriter
import PatcherOracles

/// A program of many sites, and what is to be put in their place.
enum PatchedProgramKind: CaseIterable {
  /// Each instruction but the last becomes three.
  case plain
  /// Each becomes the three that a load from `__sk_buff` becomes in Linux, one of which branches to the patch's end.
  case context
  /// As `plain`, with a jump before each eighth.
  case branches
  /// Each second one becomes three, the others go.
  case deletions

  var title: String {
    switch self {
    case .plain: "1 → 3"
    case .context: "1 → 3, a branch in each patch"
    case .branches: "1 → 3, a branch every 8 instructions"
    case .deletions: "1 → 3 and 1 → 0 in turns"
    }
  }

  /// A program with so many sites.
  func program(sites: Int) -> Program {
    let load = RawInstruction(opcode: 0x61, destination: 2, source: 1, offset: 40)
    let jump = RawInstruction(opcode: 0x15, destination: 2, offset: 9, immediate: 7)
    var slots: [RawInstruction] = []
    slots.reserveCapacity(sites + sites / 7 + 2)
    for index in 0..<sites {
      // Near the end there is nothing left to jump to.
      if self == .branches, index % 7 == 0, index + 16 < sites { slots.append(jump) }
      slots.append(load)
    }
    slots.append(RawInstruction(opcode: 0xb7, immediate: 0))
    slots.append(RawInstruction(opcode: 0x95))
    do { return try Program(name: "patched", slots: slots) } catch {
      preconditionFailure("the slots are instructions")
    }
  }

  private static let load = Instruction.load(
    .double, signExtended: false, destination: .r2, base: .r1, offset: 16)

  /// What is put in place of a site.
  var patch: ScriptedPatch {
    let jump = Instruction.jumpIf(.equal, .bits64, .r2, .immediate(0), offset: 0)
    let move = Instruction.arithmetic(.move, .bits64, destination: .r2, source: .register(.r2))
    let last = Instruction.load(
      .word, signExtended: false, destination: .r2, base: .r2, offset: 224)
    return ScriptedPatch([
      .init(Self.load), self == .context ? .init(jump, to: .end) : .init(move), .init(last),
    ])
  }

  /// Whether a site is taken away.
  func isRemoved(_ site: Int) -> Bool { self == .deletions && site & 1 == 1 }

  /// How many slots there are more for so many sites.
  func growth(sites: Int) -> Int {
    self == .deletions ? (sites + 1) / 2 * 2 - sites / 2 : 2 * sites
  }
}
