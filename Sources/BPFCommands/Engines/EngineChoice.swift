public import ArgumentParser
import BPFRuntime

/// What runs a program, as command lines and batch requests name it.
public enum EngineChoice: String, CaseIterable, Sendable {
  /// Compiled, where it was proved safe.
  case jit
  /// Interpreted without a check, where it was proved safe.
  case interpreter
  /// As it is, with every access checked.
  case checked
  /// Every engine there is, compared.
  case all

  /// The engines that are meant, the fastest first.
  var engines: [ProgramEngine] {
    switch self {
    case .jit: [.jit]
    case .interpreter: [.interpreter]
    case .checked: [.checkedInterpreter]
    case .all: [.jit, .interpreter, .checkedInterpreter]
    }
  }

  /// Whether one of the engines is meant that run only what was proved safe.
  var needsProof: Bool { self != .checked }

  /// Whether programs are compiled.
  var compiles: Bool { engines.contains(.jit) }
}

extension EngineChoice: ExpressibleByArgument {}

extension ProgramEngine {
  /// How an ``Engine`` has to run programs for this to run them.
  var execution: Engine.Execution {
    switch self {
    case .checkedInterpreter: .checked
    case .interpreter: .interpreted
    case .jit: .compiled
    }
  }
}
