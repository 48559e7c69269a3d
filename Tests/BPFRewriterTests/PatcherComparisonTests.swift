import Glibc
import PatcherOracles
import Testing

/// Random programs and edits: the patcher and the obvious algorithm agree in everything that can be seen.
@Suite struct PatcherComparisonTests {
  /// How many cases there are: `BPFKIT_PATCHER_CASES`, or what takes a few seconds.
  static var caseCount: Int {
    if let text = unsafe getenv("BPFKIT_PATCHER_CASES"),
      let count = Int(unsafe String(cString: text))
    {
      return count
    }
    #if DEBUG
    return 20_000
    #else
    return 40_000
    #endif
  }

  @Test(arguments: 0..<8) func `random edits of random programs`(part: Int) {
    var accepted = 0
    let count = Self.caseCount / 8
    for index in 0..<count {
      let seed = UInt64(part) << 32 | UInt64(index)
      var choices = Choices(seed: seed)
      let made = PatchingCase(random: &choices)
      if made.difference() != nil {
        let shrunk = made.shrunk { $0.difference() != nil }
        Issue.record("seed \(seed)\n\(shrunk)\n\(shrunk.difference() ?? "")")
        return
      }
      if index % 32 == 0, made.patched(made.assembled()).result != nil { accepted += 1 }
    }
    // Cases that are refused show little.
    #expect(accepted * 32 * 4 > count)
  }

  @Test func `a failing case shrinks to what matters`() {
    var choices = Choices(seed: 7)
    let made = PatchingCase(random: &choices)
    let shrunk = made.shrunk { !$0.passes.isEmpty && $0.instructions.count > 2 }
    #expect(shrunk.instructions.count == 3)
    #expect(shrunk.passes.count == 1)
    #expect(shrunk.lines.isEmpty && shrunk.jumpTables.isEmpty && !shrunk.hasFacts)
  }
}
