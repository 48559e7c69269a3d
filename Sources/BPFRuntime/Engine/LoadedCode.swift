import BPFPlatform

/// A program's code in the form of the engine that runs it.
enum LoadedCode: Sendable {
  /// As it was loaded, every access checked.
  case checked(CheckedCode)
  /// Verified and rewritten, nothing checked.
  case bound(InterpreterCode)

  var type: ProgramType {
    switch self {
    case .checked(let code): code.type
    case .bound(let code): code.type
    }
  }

  /// What the addresses of its instructions in call stacks begin at.
  var stackBase: UInt64 {
    switch self {
    case .checked(let code): code.stackBase
    case .bound(let code): code.stackBase
    }
  }

  enum Engine {
    case checkedInterpreter, interpreter
  }

  var engine: Engine {
    switch self {
    case .checked: .checkedInterpreter
    case .bound: .interpreter
    }
  }

  /// Runs a timer's callback, which has to return 0.
  ///
  /// SAFETY: the value is one of the map's.
  @unsafe
  func runTimer(
    at slot: Int, of map: Map, key: [UInt8], value: UnsafeMutableRawPointer,
    in frame: ExecutionFrame, budget: Int
  ) -> Outcome {
    let outcome = unsafe key.withUnsafeBytes { key in
      switch self {
      case .checked(let code):
        code.run(in: frame, from: slot, budget: budget) { machine in
          unsafe machine.startTimer(code, map: map, key: key, value: value)
        }
      case .bound(let code):
        code.run(in: frame, from: slot, budget: budget) { machine in
          unsafe machine.startTimer(code, map: map, key: key, value: value)
        }
      }
    }
    guard outcome.fault == nil, outcome.returnValue != 0 else { return outcome }
    let kind = Fault.Kind.callbackResult(.timerSetCallback, outcome.returnValue)
    return Outcome(
      returnValue: 0, instructions: outcome.instructions, fault: fault(kind, at: slot),
      redirect: outcome.redirect, clones: outcome.clones, traceLines: outcome.traceLines)
  }

  private func fault(_ kind: Fault.Kind, at slot: Int) -> Fault {
    switch self {
    case .checked(let code): code.fault(kind, at: slot)
    case .bound(let code): code.fault(kind, at: code.sourceSlot(of: slot))
    }
  }
}
