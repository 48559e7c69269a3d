/// An edit of a whole program: a walk over it that replaces, inserts and removes, and knows nothing of indices.
///
/// Any number of passes work on one patcher, each on what the ones before it made; the program is laid out once, at the end.
public protocol Pass {
  /// What the pass is called where its work is shown.
  static var name: String { get }

  /// Edits a program. After an error some of the edits are made: the patcher is of no more use, the program it began
  /// with is as it was.
  mutating func run(on patcher: inout ProgramPatcher) throws(PatchError)
}

extension ProgramPatcher {
  /// Runs a pass, and remembers what it inserts as its work.
  public mutating func run(_ pass: inout some Pass) throws(PatchError) {
    beginPass(type(of: pass).name)
    try pass.run(on: &self)
  }

  /// Runs a pass that keeps nothing, and remembers what it inserts as its work.
  public mutating func run(_ pass: some Pass) throws(PatchError) {
    var pass = pass
    try run(&pass)
  }
}
