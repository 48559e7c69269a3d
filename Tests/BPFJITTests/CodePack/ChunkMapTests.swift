import TestSupport
import Testing

@testable import BPFJIT

struct ChunkMapTests {
  /// The first run of so many chunks of an array that are free.
  private static func firstFit(_ isUsed: [Bool], _ length: Int) -> Range<Int>? {
    var free = 0
    for index in isUsed.indices {
      free = isUsed[index] ? 0 : free + 1
      if free == length { return index + 1 - length..<index + 1 }
    }
    return nil
  }

  @Test(arguments: [(64, 20), (256, 90), (1024, 200)])
  func `Random takes and returns are those of the obvious search`(count: Int, longest: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    var map = ChunkMap(count: count)
    var isUsed = [Bool](repeating: false, count: count)
    var taken: [Range<Int>] = []
    var refused = 0
    for step in 0..<4_000 {
      // Turns at filling and emptying it.
      if Int.random(in: 0..<10, using: &random) < (step / 500 % 2 == 0 ? 7 : 3) {
        let length = Int.random(in: 1...longest, using: &random)
        let run = map.take(length)
        #expect(run == Self.firstFit(isUsed, length))
        guard let run else {
          refused += 1
          continue
        }
        for index in run { isUsed[index] = true }
        taken.append(run)
      } else if !taken.isEmpty {
        let run = taken.remove(at: Int.random(in: taken.indices, using: &random))
        map.giveBack(run)
        for index in run { isUsed[index] = false }
      }
      #expect(map.usedCount == taken.reduce(0) { $0 + $1.count })
    }
    #expect(refused > 0)
    for run in taken { map.giveBack(run) }
    #expect(map.isEmpty)
    #expect(map.take(count) == 0..<count)
    #expect(map.take(1) == nil)
  }
}
