public import BPFISA

/// Why an edit, or the program that all edits lead to, is refused.
///
/// Slots are those of the program as it was before any edit, except inside a patch, where they count from its start.
public enum PatchError: Error, Hashable, Sendable {
  // MARK: A patch that is wrong in itself

  /// A label was placed more than once, or is another patch's.
  case labelPlacedTwice(Int)
  /// A branch leads to a label that was never placed, or is another patch's, or to inserted code of another program.
  case labelNotPlaced(slot: Int)
  /// An instruction with a displacement was given no target.
  case branchWithoutTarget(slot: Int)
  /// An instruction without a displacement was given a target.
  case targetWithoutBranch(slot: Int)
  /// The instruction does not exist.
  case encoding(EncodingError, slot: Int)

  // MARK: An edit that does not fit the program

  /// There is no such slot.
  case noSuchSlot(Int, count: Int)
  /// The slot is the second half of a 16-byte load immediate.
  case secondHalf(Int)
  /// The instruction was removed or replaced before.
  case alreadyRemoved(Int)
  /// The program would have more instructions than a displacement of 32 bits can span.
  case tooManySlots

  // MARK: A program that does not hold together

  /// A branch of the program leads outside it, or into a load immediate.
  case strayBranch(slot: Int, target: Int)
  /// A branch leads to removed code, and no instruction of the same subprogram follows.
  case nothingLeftToBranchTo(target: Int)
  /// A call, a function's address or a jump table needs a subprogram that was removed.
  case subprogramRemoved(name: String, neededBy: Int?)
  /// Edits took the end of a subprogram: what is left runs on into the next.
  case fallsOffEnd(subprogram: String)
  /// Nothing is left.
  case nothingLeft
  /// A subprogram starts outside the program.
  case straySubprogram(name: String, start: Int)
  /// A jump table leads outside the program, or into a load immediate.
  case strayTableEntry(table: String, target: Int)
  /// The fact of an instruction that has none: it was inserted without one.
  case noFact(slot: Int)

  // MARK: A pass that cannot do its work

  /// A pass needs a register for an instruction of the code that belongs to a slot, and all of them hold something that is
  /// still needed, with no room on the stack to keep one.
  case noScratchRegister(slot: Int)
  /// A pass needs room on the stack of a function, which uses all of the 512 bytes it may.
  case stackFull(subprogram: String)
  /// A pass needs room on the stack of a function, and how much of it is used cannot be told: an address on it is
  /// computed from something that is not a constant.
  case stackUseUnknown(subprogram: String)
  /// A legacy packet load in a program whose context gives no packet to load from.
  case noPacketToLoadFrom(slot: Int)
  /// Constant blinding came to a legacy packet load, whose offset it cannot hide: they are to be lowered before.
  case packetLoadNotLowered(slot: Int)
  /// The program was verified without finding out what it does where a processor guesses wrong.
  case speculationNotTracked
}

extension PatchError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .labelPlacedTwice(let label):
      "label \(label) of the patch is placed more than once, or is another patch's"
    case .labelNotPlaced(let slot):
      "the branch at slot \(slot) of the patch leads to a label that was not placed"
    case .branchWithoutTarget(let slot):
      "the instruction at slot \(slot) of the patch branches, and was given no target"
    case .targetWithoutBranch(let slot):
      "the instruction at slot \(slot) of the patch does not branch, and was given a target"
    case .encoding(let error, let slot): "slot \(slot) of the patch: \(error)"
    case .noSuchSlot(let slot, let count):
      "there is no slot \(slot): the program has \(count)"
    case .secondHalf(let slot): "slot \(slot) is the second half of a load immediate"
    case .alreadyRemoved(let slot): "the instruction at slot \(slot) was removed or replaced before"
    case .tooManySlots: "the program would have more than \(Int32.max) slots"
    case .strayBranch(let slot, let target):
      "the instruction at slot \(slot) leads to slot \(target), which begins no instruction"
    case .nothingLeftToBranchTo(let target):
      "a branch leads to slot \(target), which was removed with all that follows in its subprogram"
    case .subprogramRemoved(let name, .some(let slot)):
      "the instruction at slot \(slot) needs subprogram \(name), which was removed"
    case .subprogramRemoved(let name, nil):
      "inserted code or a jump table needs subprogram \(name), which was removed"
    case .fallsOffEnd(let subprogram):
      "subprogram \(subprogram) would run on into what follows: its last instruction was removed"
    case .nothingLeft: "no instruction of the program is left"
    case .straySubprogram(let name, let start):
      "subprogram \(name) starts at slot \(start), outside the program"
    case .strayTableEntry(let table, let target):
      "jump table \(table) leads to slot \(target), which begins no instruction"
    case .noFact(let slot): "nothing is known of the instruction at slot \(slot): it was inserted"
    case .noScratchRegister(let slot):
      "the instruction at slot \(slot) needs a register to work with, and none can be had"
    case .stackFull(let subprogram):
      "subprogram \(subprogram) uses all of its stack: there is no room for what the pass keeps"
    case .stackUseUnknown(let subprogram):
      "subprogram \(subprogram) computes addresses on its stack: how much it uses cannot be told"
    case .noPacketToLoadFrom(let slot):
      "the legacy packet load at slot \(slot) has no packet in programs of this type"
    case .packetLoadNotLowered(let slot):
      "the offset of the legacy packet load at slot \(slot) cannot be hidden: lower it first"
    case .speculationNotTracked:
      "the program was verified without VerifierOptions.tracksSpeculation: its masks are not known"
    }
  }
}
