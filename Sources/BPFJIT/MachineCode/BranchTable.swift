/// The labels of code under way, and what leads to them. Labels are numbered from 0.
///
/// A branch is written in its long form unless its target is known to be near. When all is written, ``settle(_:)`` makes those
/// short that turn out to reach: code only shrinks, so that what fits once fits for good, and a few passes do.
struct BranchTable {
  struct Branch {
    /// Where the instruction starts.
    let site: Int
    let target: Int
    /// Nil for one that is always taken.
    let condition: FlagCondition?
    var isShort: Bool

    var longSize: Int { condition == nil ? 5 : 6 }
    static let shortSize = 2
  }

  /// A place in the code, which moves as branches before it shrink.
  struct Place {
    private let writtenAt: Int64
    private let branchCount: Int32

    fileprivate init(offset: Int, branchesBefore: Int) {
      writtenAt = Int64(offset)
      branchCount = Int32(truncatingIfNeeded: branchesBefore)
    }

    /// In bytes, with branches as they were written.
    fileprivate var offset: Int { Int(writtenAt) }
    /// How many branches were written before it.
    fileprivate var branchesBefore: Int { Int(branchCount) }
  }

  private var labels: [Place]
  private var branches: [Branch] = []
  /// What each branch, and all before it, save: one more than there are branches.
  private var saved: [Int] = [0]

  init(labels count: Int) {
    labels = [Place](repeating: Place(offset: -1, branchesBefore: 0), count: count)
    branches.reserveCapacity(count / 4)
  }

  /// How many passes ``settle(_:)`` makes at most. What is not short then stays long.
  private static let maximumPasses = 6

  /// The place at an offset, which is where code is written now.
  func place(at offset: Int) -> Place { Place(offset: offset, branchesBefore: branches.count) }

  mutating func setLabel(_ label: Int, at offset: Int) { labels[label] = place(at: offset) }

  /// Writes a branch.
  mutating func emit(_ condition: FlagCondition?, to label: Int, _ encoder: inout Encoder) {
    let site = encoder.code.count
    let target = labels[label].offset
    let isShort = target >= 0 && target - (site + Branch.shortSize) >= Int(Int8.min)
    branches.append(Branch(site: site, target: label, condition: condition, isShort: isShort))
    switch (condition, isShort) {
    case (let condition?, true): encoder.jumpShort(if: condition, 0)
    case (let condition?, false): encoder.jump(if: condition, 0)
    case (nil, true): encoder.jumpShort(0)
    case (nil, false): encoder.jump(0)
    }
  }

  /// Makes branches short that reach, and writes all distances.
  ///
  /// - Complexity: O(*n*), *n* the bytes of code and the labels.
  /// - Throws: ``DisplacementError`` for a branch over more than 2 GiB.
  mutating func settle(_ encoder: inout Encoder) throws(DisplacementError) {
    saved = [Int](repeating: 0, count: branches.count + 1)
    var changed = true
    var passes = 0
    while changed, passes < Self.maximumPasses {
      changed = false
      passes += 1
      for index in branches.indices where !branches[index].isShort {
        let branch = branches[index]
        let label = labels[branch.target]
        let target = label.offset - saved[label.branchesBefore]
        let end =
          branch.site - saved[index]
          + (label.branchesBefore > index ? branch.longSize : Branch.shortSize)
        guard Int8(exactly: target - end) != nil else { continue }
        branches[index].isShort = true
        changed = true
      }
      if changed { sum() }
    }
    try compact(&encoder)
  }

  /// What branches written long save that are short now. Those short from the beginning save nothing.
  private mutating func sum() {
    var total = 0
    for index in branches.indices {
      let branch = branches[index]
      if branch.isShort, !wasShort(index) { total += branch.longSize - Branch.shortSize }
      saved[index + 1] = total
    }
  }

  /// Whether a branch was written short: its target was behind it, and near.
  private func wasShort(_ index: Int) -> Bool {
    let branch = branches[index]
    let target = labels[branch.target]
    return target.branchesBefore <= index
      && target.offset - (branch.site + Branch.shortSize) >= Int(Int8.min)
  }

  private mutating func compact(_ encoder: inout Encoder) throws(DisplacementError) {
    var source = 0
    var cursor = 0
    let end = encoder.code.count
    for index in branches.indices {
      let branch = branches[index]
      encoder.code.move(from: source, to: cursor, count: branch.site - source)
      cursor += branch.site - source
      let size = branch.isShort ? Branch.shortSize : branch.longSize
      source = branch.site + (wasShort(index) ? Branch.shortSize : branch.longSize)
      let distance = offset(of: labels[branch.target]) - (cursor + size)
      if branch.isShort {
        encoder.code[byte: cursor] = branch.condition.map { 0x70 | $0.rawValue } ?? 0xeb
        guard let short = Int8(exactly: distance) else {
          preconditionFailure("a branch that fits once fits for good")
        }
        encoder.code[byte: cursor + 1] = UInt8(bitPattern: short)
      } else {
        guard let long = Int32(exactly: distance) else {
          throw DisplacementError(offset: cursor, distance: distance)
        }
        if let condition = branch.condition {
          encoder.code[byte: cursor] = 0x0f
          encoder.code[byte: cursor + 1] = 0x80 | condition.rawValue
        } else {
          encoder.code[byte: cursor] = 0xe9
        }
        encoder.code[word: cursor + size - 4] = UInt32(bitPattern: long)
      }
      cursor += size
    }
    encoder.code.move(from: source, to: cursor, count: end - source)
    encoder.code.truncate(to: cursor + end - source)
  }

  /// Where a place is after settling.
  func offset(of place: Place) -> Int { place.offset - saved[place.branchesBefore] }

  /// Where the first labels are after settling; below 0 for those never set.
  func offsets(ofLabels count: Int) -> [Int32] {
    labels[..<count].map { place in
      place.offset < 0 ? -1 : Int32(truncatingIfNeeded: offset(of: place))
    }
  }

  /// Where a label is after settling, or nil if it was never set.
  func offset(ofLabel label: Int) -> Int? {
    labels[label].offset < 0 ? nil : offset(of: labels[label])
  }
}

/// A distance that does not fit the 32 bits an instruction has for it.
public struct DisplacementError: Error, Hashable, Sendable {
  /// The offset of the instruction in its image.
  public let offset: Int
  /// In bytes.
  public let distance: Int
}

extension DisplacementError: CustomStringConvertible {
  public var description: String {
    "the instruction at offset \(offset) would lead over \(distance) bytes: more than 2 GiB"
  }
}
