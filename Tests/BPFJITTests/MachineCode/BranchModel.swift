import TestSupport

@testable import BPFJIT

/// Code as the items it is made of, to compare what a branch table makes of it.
struct BranchModel {
  enum Item: Hashable {
    case filler([UInt8])
    case label(Int)
    case branch(FlagCondition?, to: Int)
    /// A call of a label, whose distance is filled in when branches are settled.
    case call(Int)
  }

  /// What the items are in bytes, and where labels are.
  struct Layout {
    var labels: [Int: Int] = [:]
    /// Where each branch and each call ends, by the item.
    var ends: [Int: Int] = [:]
    var size = 0
  }

  let items: [Item]
  /// How many labels there are, set or not.
  let labelCount: Int

  /// - Parameter items: in the order of the code; each label that a branch leads to is set once.
  init(_ items: [Item]) {
    self.items = items
    var count = 0
    for case .label(let label) in items { count = max(count, label + 1) }
    labelCount = count
  }

  /// Random items: fillers of all lengths, many of them such that branches just reach or just do not.
  init(random: inout SeededGenerator, itemCount: Int) {
    let labelCount = 1 + random.below(itemCount / 4 + 1)
    var body: [Item] = []
    // Branches of one program lead near, of another anywhere.
    let spread = random.pick([3, 10, labelCount])
    for index in 0..<itemCount {
      let near = index * labelCount / itemCount + random.below(2 * spread + 1) - spread
      let label = min(max(near, 0), labelCount - 1)
      switch random.below(8) {
      case 0, 1: body.append(.branch(nil, to: label))
      case 2, 3, 4: body.append(.branch(random.pick(FlagCondition.allCases), to: label))
      case 5: body.append(.call(label))
      default:
        let count = random.pick([
          random.below(8), random.below(40), 110 + random.below(30), random.below(400),
        ])
        body.append(.filler((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }))
      }
    }
    // Labels go to random places in their order, so that near numbers are near places.
    let places = (0..<labelCount).map { _ in random.below(body.count + 1) }.sorted()
    var items: [Item] = []
    var next = 0
    for index in 0...body.count {
      while next < labelCount, places[next] == index {
        items.append(.label(next))
        next += 1
      }
      if index < body.count { items.append(body[index]) }
    }
    self.items = items
    self.labelCount = labelCount
  }

  /// How many bytes an item takes.
  static func size(_ item: Item, isShort: Bool) -> Int {
    switch item {
    case .filler(let bytes): bytes.count
    case .label: 0
    case .branch(let condition, _): isShort ? 2 : condition == nil ? 5 : 6
    case .call: 5
    }
  }

  /// Where all is when the items in a set are short branches.
  func layout(short: Set<Int>) -> Layout {
    var layout = Layout()
    for (index, item) in items.enumerated() {
      layout.size += Self.size(item, isShort: short.contains(index))
      switch item {
      case .filler: break
      case .label(let label): layout.labels[label] = layout.size
      case .branch, .call: layout.ends[index] = layout.size
      }
    }
    return layout
  }

  /// The branches that are short in the end when all that reach are made so until none is left, and after how many rounds that
  /// changed something.
  func shortBranches() -> (items: Set<Int>, rounds: Int) {
    var short: Set<Int> = []
    var rounds = 0
    while true {
      let layout = layout(short: short)
      var added: Set<Int> = []
      for (index, item) in items.enumerated() where !short.contains(index) {
        guard case .branch(_, let label) = item, let end = layout.ends[index],
          let target = layout.labels[label]
        else { continue }
        // Behind the branch its own length counts; ahead of it, all that follows moves with its end.
        let start = end - Self.size(item, isShort: false)
        let distance = target <= start ? target - (start + 2) : target - end
        if (-128...127).contains(distance) { added.insert(index) }
      }
      if added.isEmpty { return (short, rounds) }
      short.formUnion(added)
      rounds += 1
    }
  }
}
