import BPFPlatform

/// A program's code in the form of the engine that runs it.
enum LoadedCode: Sendable {
  /// As it was loaded, every access checked.
  case checked(CheckedCode)
  /// Verified and rewritten, nothing checked.
  case bound(InterpreterCode)
  /// The same, compiled.
  case compiled(CompiledCode)

  var type: ProgramType {
    switch self {
    case .checked(let code): code.type
    case .bound(let code): code.type
    case .compiled(let code): code.type
    }
  }

  /// The context that it runs on; nil for `raw`.
  var layout: ContextLayout? {
    switch self {
    case .checked(let code): code.context?.layout
    case .bound(let code): code.layout
    case .compiled(let code): code.layout
    }
  }

  /// A frame that it runs in.
  func makeFrame(worker: Int) -> ExecutionFrame {
    ExecutionFrame(type: type, layout: layout, worker: worker)
  }

  /// What other code that it calls, or that takes its place, has to be like.
  var kind: Kind { Kind(type: type, layout: layout, isChecked: engine == .checkedInterpreter) }

  struct Kind: Sendable {
    let type: ProgramType
    let layout: ContextLayout?
    let isChecked: Bool

    /// Whether code of either runs in the same frames.
    func sharesFrames(with other: Kind) -> Bool {
      type == other.type && (type != .hostDefined || layout == other.layout)
    }

    /// Whether code of either may call the other.
    func mayCall(_ other: Kind) -> Bool {
      isChecked == other.isChecked && sharesFrames(with: other)
    }
  }

  /// Whether it runs in a frame.
  @inline(__always)
  func fits(_ frame: ExecutionFrame) -> Bool {
    frame.type == type && (type != .hostDefined || frame.layout == layout)
  }

  /// What the addresses of its instructions in call stacks begin at.
  var stackBase: UInt64 {
    switch self {
    case .checked(let code): code.stackBase
    case .bound(let code): code.stackBase
    case .compiled(let code): code.stackBase
    }
  }

  var engine: ProgramEngine {
    switch self {
    case .checked: .checkedInterpreter
    case .bound: .interpreter
    case .compiled: .jit
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
      case .compiled(let code):
        // With a budget, as all that is called without a program's being run.
        code.forInterpreter.run(in: frame, from: slot, budget: budget) { machine in
          unsafe machine.startTimer(code.forInterpreter, map: map, key: key, value: value)
        }
      }
    }
    guard outcome.fault == nil, outcome.returnValue != 0 else { return outcome }
    return outcome.ended(
      by: fault(.callbackResult(.timerSetCallback, outcome.returnValue), at: slot))
  }

  private func fault(_ kind: Fault.Kind, at slot: Int) -> Fault {
    switch self {
    case .checked(let code): code.fault(kind, at: slot)
    case .bound(let code): code.fault(kind, at: code.sourceSlot(of: slot))
    case .compiled(let code): code.forInterpreter.fault(kind, at: code.sourceSlot(of: slot))
    }
  }
}

/// What runs a program.
public enum ProgramEngine: String, Hashable, Sendable, CaseIterable {
  /// The program as it was loaded, every access checked.
  case checkedInterpreter = "checked"
  /// The rewritten program, nothing checked.
  case interpreter
  /// The processor.
  case jit
}
