public import BPFISA

/// Instructions to put into a program: written like assembler, with labels, checked when they are applied.
///
///     var patch = Patch()
///     let divide = patch.label()
///     patch.emit(.jumpIf(.notEqual, .bits64, .r2, .immediate(0), offset: 0), to: .label(divide))
///     patch.emit(.arithmetic(.xor, .bits64, destination: .r1, source: .register(.r1)))
///     patch.emit(.jump(offset: 0), to: .end)
///     patch.place(divide)
///     patch.emit(.arithmetic(.divide, .bits64, destination: .r1, source: .register(.r2)))
///
/// A value that can be applied any number of times; ``removeAll()`` lets one be used for many patches without
/// allocating.
public struct Patch: Sendable {
  /// A place in a patch that branches of the same patch can lead to.
  public struct Label: Hashable, Sendable {
    let index: Int
  }

  /// Where a branch of a patch leads.
  public enum Target: Hashable, Sendable {
    case label(Label)
    /// What runs after the last instruction of the patch does not branch.
    case end
    /// An instruction of the program as it was before any patch, by its slot: or what has become of it since.
    case original(Int)
    /// An instruction that an earlier patch inserted: what a branch of that patch leads to
    /// (``ProgramPatcher/target(at:)``).
    case inserted(InsertedSlot)
  }

  /// A place in a patch that was applied.
  public struct InsertedSlot: Hashable, Sendable {
    /// Counted over all that was inserted.
    let index: Int
    /// Whether it is what follows the slot, the last of its patch.
    let isEnd: Bool
  }

  /// The slots so far.
  private(set) var slots: [RawInstruction] = []
  /// The branches, by rising slot.
  private(set) var branches: [Branch] = []
  /// The facts of the slots, as many as ``slots`` if any was given one.
  private(set) var facts: [FactID] = []
  /// Each label's slot; nil until it is placed.
  private(set) var labels: [Int?] = []
  /// What was wrong first.
  private(set) var defect: PatchError?

  /// Whether there is nothing wrong with it, something in it, though not too much for an ``Anchor``, and no fact: the common
  /// case.
  @inline(__always) var isPlain: Bool {
    !isSpecial && !slots.isEmpty && slots.count <= Anchor.countLimit
  }
  /// Whether something is wrong with it, or it has facts.
  private var isSpecial = false

  /// Whether all its branches lead to its end, with 16 bits, which suffice.
  var leadsOnlyToEnd: Bool { hasOnlyShortEnds && slots.count <= Int(Int16.max) }
  private var hasOnlyShortEnds = true

  struct Branch: Sendable {
    let slot: Int
    let target: Target
    /// Whether its displacement has 16 bits.
    let isShort: Bool
  }

  /// An empty patch: a replacement by nothing.
  public init() {}

  /// One instruction of one slot, which does not branch.
  init(_ instruction: RawInstruction) {
    precondition(
      instruction.displacementField == .none && !instruction.isWide,
      "what replaces an instruction alone neither branches nor has two slots")
    slots = [instruction]
  }

  /// The number of slots.
  public var slotCount: Int { slots.count }
  public var isEmpty: Bool { slots.isEmpty }

  /// Empties the patch and keeps its memory. Its labels are gone.
  public mutating func removeAll() {
    slots.removeAll(keepingCapacity: true)
    if !branches.isEmpty { branches.removeAll(keepingCapacity: true) }
    if !facts.isEmpty { facts.removeAll(keepingCapacity: true) }
    if !labels.isEmpty { labels.removeAll(keepingCapacity: true) }
    defect = nil
    isSpecial = false
    hasOnlyShortEnds = true
  }

  /// A new label, to be placed once.
  public mutating func label() -> Label {
    labels.append(nil)
    return Label(index: labels.count - 1)
  }

  /// Puts a label before the next instruction; after the last one it is the patch's end.
  public mutating func place(_ label: Label) {
    guard labels.indices.contains(label.index), labels[label.index] == nil else {
      return note(.labelPlacedTwice(label.index))
    }
    labels[label.index] = slots.count
  }

  /// Appends an instruction that does not branch.
  ///
  /// - Parameter fact: what the verifier's layer knows of the instruction.
  public mutating func emit(_ instruction: Instruction, fact: FactID? = nil) {
    guard instruction.displacement == nil else {
      return note(.branchWithoutTarget(slot: slots.count))
    }
    append(instruction, fact)
  }

  /// Appends a branch, a local call or a function's address; its displacement is ignored.
  public mutating func emit(_ instruction: Instruction, to target: Target, fact: FactID? = nil) {
    guard instruction.displacement != nil else {
      return note(.targetWithoutBranch(slot: slots.count))
    }
    let slot = slots.count
    append(instruction, fact)
    guard slot < slots.count else { return }
    let isShort = slots[slot].displacementField == .offset
    hasOnlyShortEnds = hasOnlyShortEnds && isShort && target == .end
    branches.append(Branch(slot: slot, target: target, isShort: isShort))
  }

  /// The slot of a label, which at the end is the one after the last; nil for one that is not placed.
  func slot(of label: Label) -> Int? {
    labels.indices.contains(label.index) ? labels[label.index] : nil
  }

  private mutating func append(_ instruction: Instruction, _ fact: FactID?) {
    let slot = slots.count
    do throws(EncodingError) {
      let encoded = try instruction.encoded
      slots.append(encoded.first)
      if let second = encoded.second { slots.append(second) }
    } catch {
      return note(.encoding(error, slot: slot))
    }
    guard fact != nil || !facts.isEmpty else { return }
    isSpecial = true
    while facts.count < slots.count { facts.append(.none) }
    if let fact { facts[slot] = fact }
  }

  private mutating func note(_ error: PatchError) {
    if defect == nil { defect = error }
    isSpecial = true
  }
}

/// Names something the layer above knows of an instruction: an index into a table of its own.
@frozen
public struct FactID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Nothing is known of the instruction: asking is an error.
  public static let none = FactID(rawValue: .max)
}
