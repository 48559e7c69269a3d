import BPFRewriter

/// What passes did to many programs together.
struct PatchDistribution {
  let programs: Int
  let originalSlots: Int
  let rewrittenSlots: Int
  let widenedSlots: Int
  /// The sites of each program, rising.
  private let sitesPerProgram: [Int]
  /// How many sites made a program grow by so many slots, by rising growth.
  let growths: [(growth: Int, sites: Int)]
  /// The kinds, the most frequent first.
  let totals: [RewriteStatistics.Total]

  /// - Complexity: O(*n* log *n*), *n* the sites and programs.
  init(_ statistics: [RewriteStatistics]) {
    programs = statistics.count
    originalSlots = statistics.reduce(0) { $0 + $1.originalSlots }
    rewrittenSlots = statistics.reduce(0) { $0 + $1.rewrittenSlots }
    widenedSlots = statistics.reduce(0) { $0 + $1.widenedSlots }
    sitesPerProgram = statistics.map(\.sites.count).sorted()
    var byGrowth: [Int: Int] = [:]
    for site in statistics.lazy.flatMap(\.sites) { byGrowth[site.growth, default: 0] += 1 }
    growths = byGrowth.sorted { $0.key < $1.key }.map { (growth: $0.key, sites: $0.value) }
    totals = RewriteStatistics.Total.sums(statistics.flatMap(\.totals))
      .sorted { ($1.sites, $0.kind.name) < ($0.sites, $1.kind.name) }
  }

  var sites: Int { sitesPerProgram.reduce(0, +) }

  /// The sites by growth in words, those that shrink or grow a program by much together.
  var histogram: [(growth: String, sites: Int)] {
    let few = -4...24
    var rows: [(growth: String, sites: Int)] = []
    let less = growths.filter { $0.growth < few.lowerBound }.reduce(0) { $0 + $1.sites }
    if less > 0 { rows.append(("\(few.lowerBound - 1) or less", less)) }
    for (growth, sites) in growths where few.contains(growth) {
      rows.append((growth < 0 ? "\(growth)" : "+\(growth)", sites))
    }
    let more = growths.filter { $0.growth > few.upperBound }.reduce(0) { $0 + $1.sites }
    if more > 0 { rows.append(("+\(few.upperBound + 1) or more", more)) }
    return rows
  }

  /// Sites for every 100 slots of the programs as they were, in tenths.
  var tenthsOfSitesPerHundred: Int {
    originalSlots == 0 ? 0 : (sites * 1000 + originalSlots / 2) / originalSlots
  }

  /// The least number of sites that at least so many of 100 programs do not exceed; 0 where there are none.
  func sites(atPercentile percentile: Int) -> Int {
    guard !sitesPerProgram.isEmpty else { return 0 }
    let rank = (sitesPerProgram.count * percentile + 99) / 100
    return sitesPerProgram[max(rank, 1) - 1]
  }

  var mostSites: Int { sitesPerProgram.last ?? 0 }
}
