public import BPFJIT
import BPFPlatform
public import BPFRewriter
import BPFVerifier

/// Whether and how programs are compiled.
public struct Compilation: Sendable {
  /// How hard it is made to put code of one's choice into the process by way of programs.
  public enum Hardening: String, Hashable, Sendable, CaseIterable {
    /// Programs are compiled as they are.
    case none
    /// Constants are hidden behind random keys, so that none that a program's author chose is in its code, and code begins at
    /// a random place in its memory. As Linux does for unprivileged programs (`net.core.bpf_jit_harden` 1).
    case blinded
    /// The same, and masks and barriers against mispredicted paths.
    case full
  }

  /// Whether programs are compiled where they can be; else they are interpreted.
  public var isEnabled: Bool
  public var hardening: Hardening
  /// Where code goes.
  public var packs: CodePacks

  public init(
    isEnabled: Bool = true, hardening: Hardening = .none, packs: CodePacks = .shared
  ) {
    self.isEnabled = isEnabled
    self.hardening = hardening
    self.packs = packs
  }

  /// Programs are interpreted.
  public static var disabled: Compilation { Compilation(isEnabled: false) }

  /// Whether programs have to be verified with what is needed to mask mispredicted paths.
  public var needsSpeculationFacts: Bool { isEnabled && hardening == .full }

  /// What rewriting has to do for it, beside what it is to do anyway.
  public func options(_ options: RewriteOptions) -> RewriteOptions {
    var options = options
    options.guardsDivisions = false
    if isEnabled, hardening != .none { options.blindsConstants = true }
    if needsSpeculationFacts {
      options.masksTailCalls = true
      options.masksSpeculation = true
    }
    return options
  }

  /// The program's code; nil where it is to be interpreted: on request, or where there is no compiler for the processor or the
  /// system allows no new code.
  func code(
    _ rewritten: RewrittenProgram, _ maps: [Map], _ layout: ContextLayout?, _ helpers: HostHelpers
  ) throws(LoadError) -> CompiledCode? {
    guard isEnabled, Compiler.isSupported else { return nil }
    var options = CodeOptions()
    options.packs = packs
    options.foldsConstants = hardening == .none
    options.randomizesStart = hardening != .none
    do {
      return try CompiledCode(
        rewritten.program, from: rewritten.verified.program, rewritten.origins,
        type: rewritten.type, maps: maps, layout: layout, helpers: helpers, options: options)
    } catch {
      guard case .codeMemory(_, .unsupported) = error else { throw error }
      return nil
    }
  }
}
