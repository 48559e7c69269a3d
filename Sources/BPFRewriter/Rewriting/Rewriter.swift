import BPFISA
import BPFPlatform
public import BPFVerifier

/// Makes verified programs runnable: every pass edits one list, which is laid out once.
///
/// The order is: dead code goes; accesses to the context become those of the runtime's structure; lookups, loops, tail calls, packet
/// loads, divisions and `may_goto` get their code; masks and barriers come where asked; upper halves are cleared where asked; constants are hidden where asked.
public struct Rewriter: Sendable {
  public var options: RewriteOptions

  public init(_ options: RewriteOptions = RewriteOptions()) { self.options = options }

  /// Rewrites a program.
  ///
  /// - Complexity: O(*n*), *n* the slots of the program and of what passes insert.
  /// - Throws: ``RewriteError`` where a pass cannot do its work.
  public func rewrite(_ verified: VerifiedProgram) throws(RewriteError) -> RewrittenProgram {
    let masksSpeculation = options.masksSpeculation
    guard !masksSpeculation || verified.tracksSpeculation else {
      throw RewriteError(program: verified.program.name, reason: .speculationNotTracked)
    }
    let needs = Needs(verified.program)
    let facts = verified.facts
    var patcher = ProgramPatcher(verified.program)
    do throws(PatchError) {
      try patcher.run(DeadCodeRemoval(facts))
      if let layout = verified.context {
        try patcher.run(ContextConversion(facts, layout: layout))
        if needs.packetLoads {
          try patcher.run(
            PacketLoadLowering(for: verified.type, converted: layout, room: .reserved))
        }
      }
      if needs.lookups {
        try patcher.run(MapLookupInlining(facts, maps: verified.maps, masks: masksSpeculation))
      }
      if needs.loops { try patcher.run(LoopInlining(facts)) }
      if options.masksTailCalls || masksSpeculation {
        try patcher.run(TailCallMasking(facts, maps: verified.maps))
      }
      if needs.divisions, options.guardsDivisions { try patcher.run(DivisionGuards()) }
      if needs.mayGoto { try patcher.run(MayGotoLowering(room: .reserved)) }
      if masksSpeculation { try patcher.run(SpeculationMasking(facts)) }
      if options.extendsZero { try patcher.run(ZeroExtension(verified)) }
      if options.blindsConstants {
        try patcher.run(
          ConstantBlinding(
            using: SystemRandomNumberGenerator(), room: .reserved,
            keepsWithBarrier: masksSpeculation))
      }
      return RewrittenProgram(verified, try patcher.linearize(recordsOrigins: true))
    } catch {
      throw RewriteError(program: verified.program.name, reason: error)
    }
  }
}

/// Which passes a program has work for.
private struct Needs {
  var packetLoads = false
  var lookups = false
  var loops = false
  var divisions = false
  var mayGoto = false

  init(_ program: Program) {
    for slot in program.slots {
      switch slot.opcode {
      // Legacy packet loads: `ld` of class 0, absolute or indirect.
      case 0x20, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x58: packetLoads = true
      case 0x85 where slot.source == 0:
        if slot.immediate == HelperID.mapLookupElement.rawValue { lookups = true }
        if slot.immediate == HelperID.loop.rawValue { loops = true }
      case 0x34, 0x37, 0x3c, 0x3f, 0x94, 0x97, 0x9c, 0x9f: divisions = true
      case 0xe5: mayGoto = true
      default: break
      }
    }
  }
}

/// Why a verified program could not be rewritten.
public struct RewriteError: Error, Hashable, Sendable {
  /// The program's name.
  public let program: String
  public let reason: PatchError
}

extension RewriteError: CustomStringConvertible {
  public var description: String { "program \(program): \(reason)" }
}
