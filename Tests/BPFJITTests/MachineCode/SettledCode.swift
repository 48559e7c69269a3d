@testable import BPFJIT

/// The items of a model as a branch table settled them.
struct SettledCode {
  let bytes: [UInt8]
  /// By label; nil for those never set.
  let labels: [Int?]
  /// Where each call ends, by the item.
  let callEnds: [Int: Int]

  init(_ model: BranchModel) throws {
    var encoder = Encoder(expecting: 0)
    var table = BranchTable(labels: model.labelCount)
    var places: [(item: Int, place: BranchTable.Place)] = []
    for (index, item) in model.items.enumerated() {
      switch item {
      case .filler(let bytes): for byte in bytes { encoder.code.append(UInt64(byte), count: 1) }
      case .label(let label): table.setLabel(label, at: encoder.code.count)
      case .branch(let condition, let label): table.emit(condition, to: label, &encoder)
      case .call:
        encoder.callNear()
        places.append((index, table.place(at: encoder.code.count)))
      }
    }
    try table.settle(&encoder)
    bytes = encoder.code.bytes
    labels = (0..<model.labelCount).map { table.offset(ofLabel: $0) }
    callEnds = Dictionary(
      uniqueKeysWithValues: places.map { ($0.item, table.offset(of: $0.place)) })
  }

  /// What is wrong with the code, read byte by byte: nil where it is the items', and every branch leads to its label.
  ///
  /// - Returns: and the items that are short branches.
  func read(as model: BranchModel) -> (short: Set<Int>, mistake: String?) {
    var short: Set<Int> = []
    var offset = 0
    var found: [Int: Int] = [:]
    var branches: [(item: Int, target: Int, label: Int)] = []
    for (index, item) in model.items.enumerated() {
      switch item {
      case .label(let label): found[label] = offset
      case .filler(let expected):
        guard bytes.dropFirst(offset).starts(with: expected) else {
          return (short, "item \(index): other bytes at \(offset)")
        }
        offset += expected.count
      case .call:
        guard bytes.dropFirst(offset).starts(with: [0xe8, 0, 0, 0, 0]) else {
          return (short, "item \(index): no call at \(offset)")
        }
        offset += 5
        guard callEnds[index] == offset else {
          return (short, "item \(index): its place is not \(offset)")
        }
      case .branch(let condition, let label):
        guard let distance = distance(condition, at: &offset) else {
          return (short, "item \(index): no such branch before \(offset)")
        }
        if distance.isShort { short.insert(index) }
        branches.append((index, offset + distance.value, label))
      }
    }
    guard offset == bytes.count else { return (short, "\(bytes.count) bytes, not \(offset)") }
    for branch in branches where branch.target != found[branch.label] {
      return (short, "item \(branch.item): leads to \(branch.target)")
    }
    for label in labels.indices where labels[label] != found[label] {
      return (short, "label \(label): not at \(String(describing: labels[label]))")
    }
    return (short, nil)
  }

  /// Reads a branch and goes on behind it.
  private func distance(
    _ condition: FlagCondition?, at offset: inout Int
  ) -> (value: Int, isShort: Bool)? {
    let rest = bytes.dropFirst(offset)
    let long: [UInt8] = condition.map { [0x0f, 0x80 | $0.rawValue] } ?? [0xe9]
    let short: UInt8 = condition.map { 0x70 | $0.rawValue } ?? 0xeb
    if rest.first == short, rest.count >= 2 {
      offset += 2
      return (Int(Int8(bitPattern: bytes[offset - 1])), true)
    }
    guard rest.starts(with: long), rest.count >= long.count + 4 else { return nil }
    offset += long.count + 4
    let word = bytes[offset - 4..<offset].reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    return (Int(Int32(bitPattern: word)), false)
  }
}
