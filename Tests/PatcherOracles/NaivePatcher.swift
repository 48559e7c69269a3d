public import BPFISA
public import BPFRewriter

/// The obvious way to patch: the list of all instructions is built anew for every edit, and every branch in it that
/// leads past the edit is moved. Quadratic, and as simple as can be: what ``ProgramPatcher`` is compared with.
///
/// Instructions are named by their index in the list as it is now. One that was removed leaves an empty item, where
/// branches to it land still; so does the end of a patch.
public struct NaivePatcher {
  struct Item {
    /// Nil for what was removed, and for the end of a patch.
    var instruction: Instruction?
    /// The original slot whose code it is.
    let original: Int
    let isInserted: Bool
    var pass: Int?
    /// What is known of its slots.
    var facts: [FactID]
    var target: Target?
  }

  struct Target {
    /// An index into the items; nil for a branch of the original program that leads nowhere.
    var item: Int?
    /// Whether it keeps leading to the start of all that belongs to its target: a call or a function's address.
    let isHead: Bool
    /// The original slot it was given as; nil for one inside a patch.
    let original: Int?
  }

  public let program: Program
  let hasFacts: Bool
  private(set) var items: [Item] = []
  /// By original slot, and one more for the end: the item that jumps to it lead to.
  private(set) var entries: [Int]
  /// By original slot: the first item that belongs to it.
  private(set) var heads: [Int]
  private(set) var passes: [String] = []
  /// The item the walk has come to.
  private var place = -1

  public init(_ program: Program, facts: [FactID] = []) {
    self.program = program
    hasFacts = !facts.isEmpty
    var itemAt = [Int](repeating: -1, count: program.slots.count + 1)
    var slot = 0
    while slot < program.slots.count {
      let instruction = program.instruction(at: slot)
      itemAt[slot] = items.count
      items.append(
        Item(
          instruction: instruction, original: slot, isInserted: false, pass: nil,
          facts: facts.isEmpty ? [] : Array(facts[slot..<slot + instruction.slotCount]),
          target: nil))
      slot += instruction.slotCount
    }
    itemAt[program.slots.count] = items.count
    entries = itemAt
    heads = itemAt
    for index in items.indices {
      guard let instruction = items[index].instruction,
        let target = instruction.target(at: items[index].original)
      else { continue }
      let isInside = program.slots.indices.contains(target) && itemAt[target] >= 0
      items[index].target = Target(
        item: isInside ? itemAt[target] : nil, isHead: !instruction.isBranch, original: target)
    }
  }

  public mutating func beginPass(_ name: String) { passes.append(name) }

  // MARK: Edits by original slot

  public mutating func replace(
    _ slot: Int, with patch: ScriptedPatch
  ) throws(PatchError) {
    try insert(patch, at: try item(of: slot), .throughPatch)
    take(try item(of: slot))
  }

  public mutating func insert(
    _ patch: ScriptedPatch, before slot: Int, branches entry: ProgramPatcher.Entry
  ) throws(PatchError) {
    try insert(patch, at: try item(of: slot), entry)
  }

  public mutating func remove(_ slot: Int) throws(PatchError) { take(try item(of: slot)) }

  private func item(of slot: Int) throws(PatchError) -> Int {
    guard program.slots.indices.contains(slot) else {
      throw .noSuchSlot(slot, count: program.slots.count)
    }
    guard let index = items.firstIndex(where: { $0.original == slot && !$0.isInserted }) else {
      throw .secondHalf(slot)
    }
    if items[index].instruction == nil { throw .alreadyRemoved(slot) }
    return index
  }

  // MARK: Walking

  /// Goes back to before the first instruction.
  public mutating func startWalk() { place = -1 }

  /// Goes to the next instruction.
  public mutating func next() -> Instruction? {
    repeat { place += 1 } while place < items.count && items[place].instruction == nil
    return place < items.count ? items[place].instruction : nil
  }

  public var original: Int { items[place].original }
  public var isInserted: Bool { items[place].isInserted }
  public var originalTarget: Int? { items[place].target?.original }
  public var fact: FactID? { items[place].facts.first.flatMap { $0 == .none ? nil : $0 } }

  /// Puts a patch in place of the instruction the walk has come to.
  public mutating func replaceHere(with patch: ScriptedPatch) throws(PatchError) {
    try checkHere()
    if isInserted {
      let added = try insert(patch, at: place + 1, .afterPatch, here: items[place].target)
      take(place)
      place += added
    } else {
      try insert(patch, at: place, .throughPatch, here: items[place].target)
      take(place)
    }
  }

  public mutating func insertHere(
    _ patch: ScriptedPatch, branches entry: ProgramPatcher.Entry
  ) throws(PatchError) {
    try checkHere()
    try insert(patch, at: place, entry, here: items[place].target)
  }

  public mutating func removeHere() { take(place) }

  private func checkHere() throws(PatchError) {
    // After a replacement the walk stands on the last thing that was put in.
    if items[place].instruction == nil { throw .alreadyRemoved(original) }
  }

  // MARK: How

  private mutating func take(_ index: Int) {
    items[index].instruction = nil
    items[index].target = nil
  }

  /// Builds the list anew with a patch in it, and moves every branch that leads past the place.
  ///
  /// - Parameter here: where the branch leads that the walk has come to.
  /// - Returns: how many items were added.
  @discardableResult
  private mutating func insert(
    _ patch: ScriptedPatch, at index: Int, _ entry: ProgramPatcher.Entry, here: Target? = nil
  ) throws(PatchError) -> Int {
    if patch.lines.isEmpty { return 0 }
    // The patch's slot at which each line is.
    var slot = 0
    var lines = patch.lines
    for index in lines.indices where lines[index].target == .here {
      guard let here else {
        lines[index].target = .end
        continue
      }
      if let original = here.original { lines[index].target = .original(original) }
    }
    for line in lines {
      if case .original(let target)? = line.target {
        guard program.slots.indices.contains(target), entries[target] >= 0 else {
          throw .strayBranch(slot: slot, target: target)
        }
      }
      slot += line.instruction.slotCount
    }
    let count = lines.count + 1
    func moved(_ item: Int, isHead: Bool) -> Int {
      let isPast = item > index || item == index && entry == .afterPatch && !isHead
      return isPast ? item + count : item
    }
    var rebuilt: [Item] = []
    rebuilt.reserveCapacity(items.count + count)
    for var item in items {
      if let target = item.target, let place = target.item {
        item.target?.item = moved(place, isHead: target.isHead)
      }
      rebuilt.append(item)
    }
    entries = entries.map { moved($0, isHead: false) }
    heads = heads.map { moved($0, isHead: true) }
    if index <= place { place += count }

    var added: [Item] = []
    let site = items[min(index, items.count - 1)].original
    for line in lines {
      var item = Item(
        instruction: line.instruction, original: site, isInserted: true,
        pass: passes.isEmpty ? nil : passes.count - 1,
        facts: [line.fact ?? .none] + (line.instruction.slotCount == 2 ? [.none] : []),
        target: nil)
      switch line.target {
      case nil: break
      case .here:
        item.target = here.map {
          Target(item: $0.item.map { moved($0, isHead: false) }, isHead: false, original: nil)
        }
      case .end: item.target = Target(item: index + count - 1, isHead: false, original: nil)
      case .line(let target):
        item.target = Target(item: index + target, isHead: false, original: nil)
      case .original(let target):
        let isHead = !line.instruction.isBranch
        item.target = Target(
          item: isHead ? heads[target] : entries[target], isHead: isHead, original: target)
      }
      added.append(item)
    }
    added.append(
      Item(
        instruction: nil, original: site, isInserted: true, pass: nil, facts: [], target: nil))
    rebuilt.insert(contentsOf: added, at: index)
    items = rebuilt
    return count
  }
}
