public import BPFISA
public import BPFPlatform

/// Why a program could not be compiled.
public struct CompileError: Error, Hashable, Sendable {
  /// The program's name.
  public let program: String
  /// The slot of the rewritten program.
  public let slot: Int
  public let reason: Reason

  public enum Reason: Hashable, Sendable {
    /// An instruction that rewritten programs do not have, or that is not compiled.
    case instruction(Instruction)
    /// A branch or a call to a slot that begins no instruction.
    case strayBranch(to: Int)
    /// A reference to what the program was not given.
    case reference(WideImmediate)
    /// A helper that the program was not given.
    case helper(HelperID)
    /// A function whose last instruction neither jumps nor exits.
    case noEnd
    case displacement(DisplacementError)
    /// A function to call that its table does not have.
    case callIndex(CallIndexError)
    /// A processor that there is no compiler for.
    case processor
  }
}

extension CompileError: CustomStringConvertible {
  public var description: String { "program \(program), slot \(slot): \(reason)" }
}

extension CompileError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .instruction(let instruction): "\(instruction) is not compiled"
    case .strayBranch(let target): "a branch leads to slot \(target), which begins no instruction"
    case .reference(let value): "\(value) refers to nothing the program was given"
    case .helper(let helper): "there is no helper \(helper.rawValue) for programs of this type"
    case .noEnd: "the function's last instruction neither jumps nor exits"
    case .displacement(let error): "\(error)"
    case .callIndex(let error): "\(error)"
    case .processor: "there is no compiler for this processor"
    }
  }
}
