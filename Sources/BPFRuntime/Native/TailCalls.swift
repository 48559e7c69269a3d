import BPFPlatform

/// The tail calls of a run: how many, what they left, and the arrays that hold what they lead to.
@safe
struct TailCalls<Code: AnyObject> {
  /// The programs that tail calls led away from, outermost first.
  private(set) var left: [Unmanaged<Code>] = unsafe []
  private var count = 0
  private var pinned: [(table: Unmanaged<ProgramTable>, worker: Int)] = unsafe []

  /// The program in a slot of an array, kept until the run ends; nil where there is none, or 33 tail calls were made.
  ///
  /// SAFETY: the bits are of a program array that lives as long as the run.
  @unsafe
  mutating func target(_ map: UInt64, _ index: UInt32, worker: Int) -> LoadedCode? {
    guard count < CheckedMachine.maximumTailCalls, let bits = unsafe hostPointer(map),
      case .programs(let table) = unsafe Unmanaged<Map>.fromOpaque(bits)
        ._withUnsafeGuaranteedRef({ unsafe $0.path })
    else { return nil }
    if unsafe !pinned.contains(where: { unsafe $0.table.toOpaque() == table.toOpaque() }) {
      unsafe table._withUnsafeGuaranteedRef { $0.pin(worker: worker) }
      unsafe pinned.append((table, worker))
    }
    // SAFETY: the table is pinned, and with it what it holds, until the run ends.
    return unsafe table._withUnsafeGuaranteedRef { unsafe $0.code(at: index) }
  }

  /// Counts a tail call, which leaves a program.
  mutating func leave(_ code: Unmanaged<Code>) {
    count += 1
    unsafe left.append(code)
  }

  /// Gives back what was kept.
  mutating func end() {
    count = 0
    unsafe left.removeAll()
    // The last first: an array may be of a program that only the array before it keeps.
    while let pin = unsafe pinned.popLast() {
      unsafe pin.table._withUnsafeGuaranteedRef { unsafe $0.unpin(worker: pin.worker) }
    }
  }
}
