import TestSupport
import Testing

@testable import BPFJIT

struct BranchTableTests {
  /// How many rounds of making branches short there are at most.
  private static let rounds = 6

  @Test func `Random branches lead to their labels, short where they reach`() throws {
    var settled = 0
    for seed: UInt64 in 0..<400 {
      var random = SeededGenerator(seed: seed)
      let model = BranchModel(random: &random, itemCount: random.pick([4, 40, 200]))
      let code = try SettledCode(model)
      let (short, mistake) = code.read(as: model)
      if let mistake {
        Issue.record("seed \(seed): \(mistake)")
        return
      }
      let (expected, rounds) = model.shortBranches()
      if rounds <= Self.rounds {
        settled += 1
        #expect(short == expected, "seed \(seed)")
      } else {
        #expect(short.isSubset(of: expected), "seed \(seed)")
      }
      #expect(code.bytes.count == model.layout(short: short).size, "seed \(seed)")
    }
    #expect(settled > 380)
  }

  /// Filler between a branch and its label, ahead and behind: the last distance that fits, and the first that does not.
  @Test(arguments: [nil, .equal, .noOverflow, .greater] as [FlagCondition?])
  func `Distances of 8 bits are used to their ends`(condition: FlagCondition?) throws {
    for (count, isShort) in [(0, true), (126, true), (127, true), (128, false), (4096, false)] {
      let filler = BranchModel.Item.filler([UInt8](repeating: 0xeb, count: count))
      let ahead = BranchModel([.branch(condition, to: 0), filler, .label(0)])
      let (short, mistake) = try SettledCode(ahead).read(as: ahead)
      #expect(mistake == nil)
      #expect(short == (isShort ? [0] : []), "\(count)")
    }
    for (count, isShort) in [(0, true), (125, true), (126, true), (127, false), (4096, false)] {
      let filler = BranchModel.Item.filler([UInt8](repeating: 0x0f, count: count))
      let behind = BranchModel([.label(0), filler, .branch(condition, to: 0)])
      let (short, mistake) = try SettledCode(behind).read(as: behind)
      #expect(mistake == nil)
      #expect(short == (isShort ? [2] : []), "\(count)")
    }
  }

  /// A branch written long behind its label becomes short when those between shrink.
  @Test func `Branches back become short when others do`() throws {
    let model = BranchModel([
      .label(0), .branch(.equal, to: 1), .filler([UInt8](repeating: 0, count: 122)),
      .branch(nil, to: 0), .label(1), .call(0),
    ])
    let code = try SettledCode(model)
    let (short, mistake) = code.read(as: model)
    #expect(mistake == nil)
    #expect(short == [1, 3])
    #expect(code.bytes.count == 2 + 122 + 2 + 5)
  }

  /// Each branch of a chain reaches only when the one after it is short: a round makes one short, and there are few rounds
  /// however long the chain is, so that the time is linear.
  @Test func `The rounds are bounded, and what is left stays long and right`() throws {
    for length in [5, 6, 7, 200] {
      var items: [BranchModel.Item] = []
      for index in 0..<length {
        items.append(.branch(nil, to: index))
        if index > 0 { items.append(.label(index - 1)) }
        items.append(.filler([UInt8](repeating: 0x90, count: 125)))
      }
      items.append(.label(length - 1))
      let model = BranchModel(items)
      let (short, mistake) = try SettledCode(model).read(as: model)
      #expect(mistake == nil)
      #expect(short.count == min(length, Self.rounds))
      #expect(model.shortBranches().rounds == length)
    }
  }

  @Test func `Code without branches stays as it is`() throws {
    let bytes = (0..<200).map { UInt8($0) }
    let model = BranchModel([.label(0), .filler(bytes), .label(2), .call(2)])
    let code = try SettledCode(model)
    #expect(code.bytes == bytes + [0xe8, 0, 0, 0, 0])
    #expect(code.labels == [0, nil, 200])
    #expect(Array(code.callEnds.values) == [205])
  }

  /// A label is said to be 2 GiB ahead, which no code is made for.
  @Test(arguments: [nil, .below] as [FlagCondition?])
  func `Branches over more than 2 GiB are refused`(condition: FlagCondition?) throws {
    let size = condition == nil ? 5 : 6
    for excess in [0, 1, 1 << 31] {
      var encoder = Encoder(expecting: 0)
      var table = BranchTable(labels: 1)
      encoder.trap()
      table.emit(condition, to: 0, &encoder)
      let distance = Int(Int32.max) + excess
      table.setLabel(0, at: 1 + size + distance)
      if excess == 0 {
        try table.settle(&encoder)
        #expect(encoder.code[word: 1 + size - 4] == UInt32(Int32.max))
      } else {
        #expect(throws: DisplacementError(offset: 1, distance: distance)) {
          try table.settle(&encoder)
        }
      }
    }
  }
}
