public import BPFISA
public import BPFRewriter

/// A patch as data, for code that edits the same program with several patchers.
public struct ScriptedPatch: Hashable, Sendable {
  /// An instruction of the patch.
  public struct Line: Hashable, Sendable {
    public var instruction: Instruction
    /// Where it leads; nil for an instruction without a displacement.
    public var target: Target?
    public var fact: FactID?

    public init(_ instruction: Instruction, to target: Target? = nil, fact: FactID? = nil) {
      self.instruction = instruction
      self.target = target
      self.fact = fact
    }
  }

  /// Where a branch of the patch leads.
  public enum Target: Hashable, Sendable {
    /// An instruction of the patch, counted from 0; as many as it has is its end, by a label.
    case line(Int)
    case end
    /// A slot of the program as it was.
    case original(Int)
    /// Where the branch leads that a walk has come to; the end where there is none.
    case here
  }

  public var lines: [Line]

  public init(_ lines: [Line] = []) { self.lines = lines }

  /// The patch as the patcher takes it.
  public var patch: Patch { patch(here: nil) }

  /// The patch as the patcher takes it where a walk has come to a branch, if it has.
  public func patch(here: Patch.Target?) -> Patch {
    var patch = Patch()
    var labels: [Int: Patch.Label] = [:]
    for case .line(let line)? in lines.map(\.target) where labels[line] == nil {
      labels[line] = patch.label()
    }
    for (index, line) in lines.enumerated() {
      if let label = labels[index] { patch.place(label) }
      switch line.target {
      case nil: patch.emit(line.instruction, fact: line.fact)
      case .end: patch.emit(line.instruction, to: .end, fact: line.fact)
      case .here: patch.emit(line.instruction, to: here ?? .end, fact: line.fact)
      case .original(let slot): patch.emit(line.instruction, to: .original(slot), fact: line.fact)
      case .line(let target):
        guard let label = labels[target] else { preconditionFailure("every target has a label") }
        patch.emit(line.instruction, to: .label(label), fact: line.fact)
      }
    }
    if let label = labels[lines.count] { patch.place(label) }
    return patch
  }
}
