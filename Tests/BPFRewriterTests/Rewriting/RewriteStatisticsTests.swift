import BPFISA
import BPFPlatform
import BPFRewriter
import BPFVerifier
import Testing

struct RewriteStatisticsTests {
  private typealias Kind = RewriteStatistics.Kind

  private func statistics(
    _ text: String, _ type: ProgramType = .xdp, maps: [MapSpec] = [],
    options: RewriteOptions = RewriteOptions()
  ) throws -> RewriteStatistics {
    let program = try Program(
      name: "program", slots: Assembler.assemble(text), mapNames: maps.map(\.name))
    var verifier = Verifier(for: type)
    verifier.options.allowsUnreachableCode = true
    let statistics = try RewriteStatistics(
      Rewriter(options).rewrite(verifier.verify(program, maps: maps)))
    // What sites and branches account for is the whole difference.
    #expect(
      statistics.rewrittenSlots - statistics.originalSlots
        == statistics.sites.reduce(0) { $0 + $1.growth } + statistics.widenedSlots)
    return statistics
  }

  @Test func `accesses to the context are loads and stores`() throws {
    let found = try statistics(
      """
      r2 = *(u32 *)(r1 + 16)
      *(u32 *)(r1 + 12) = r2
      *(u32 *)(r1 + 12) = 65535
      r0 = 0
      exit
      """, .schedCLS)
    #expect(
      found.sites.map(\.kind) == [.contextLoad, .contextStore, .contextStore])
    #expect(found.sites.map(\.growth) == [0, 1, -1])
    #expect(found.sites.map(\.original) == [0, 1, 2])
    #expect(found.totals.map(\.sites) == [1, 2])
    #expect(found.totals.map(\.inserted) == [1, 2])
    #expect(found.totals.map(\.removed) == [1, 2])
  }

  @Test func `a stretch of dead code is one site, a jump that goes one way another`() throws {
    let found = try statistics(
      """
      r0 = 1
      if r0 == 1 goto L
      r0 = 2
      r1 = 0x1122334455667788 ll
      exit
      L:
      r1 = 5
      if r0 == 2 goto M
      r0 = 3
      M:
      exit
      """)
    #expect(found.sites.allSatisfy { $0.kind == .deadCode })
    #expect(found.sites.map(\.original) == [1, 7])
    #expect(found.sites.map(\.growth) == [-5, -1])
    #expect(found.rewrittenSlots == 4)
  }

  @Test func `lookups, divisions and loops count what they put in`() throws {
    let array = MapSpec(name: "array", kind: .array, keySize: 4, valueSize: 8, maxEntries: 4)
    let found = try statistics(
      """
      r6 = *(u32 *)(r1 + 12)
      *(u32 *)(r10 - 4) = r6
      r1 = map[idx:0]
      r2 = r10
      r2 += -4
      call 1
      r0 = 100
      r0 /= r6
      exit
      """, maps: [array])
    #expect(found.totals.map(\.kind.name) == ["context-load", "map-lookup", "division"])
    #expect(found.totals.map(\.sites) == [1, 1, 1])
    #expect(found.totals.map(\.removed) == [1, 1, 1])
    #expect(found.totals[2].inserted == 4)
    #expect(found.totals[1].inserted > 1)
  }

  @Test func `what no pass changes has no sites`() throws {
    let found = try statistics("r0 = 1\nexit\n")
    #expect(found.sites.isEmpty && found.totals.isEmpty)
    #expect(found.originalSlots == 2 && found.rewrittenSlots == 2)
  }

  @Test func `one instruction may be a site of several passes`() throws {
    var options = RewriteOptions()
    options.blindsConstants = true
    let found = try statistics("r1 = *(u32 *)(r1 + 12)\nr0 = 7\nr0 /= r1\nexit\n", options: options)
    #expect(found.sites.filter { $0.original == 2 }.map(\.kind.name).sorted().first == "blinding")
    #expect(found.sites.count { $0.original == 2 } == 2)
  }
}
