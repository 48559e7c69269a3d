import BPFISA
import BPFPlatform
import BPFRewriter
import Glibc
import PatcherOracles

/// Patching many places of a program, in processor time: the patcher, what it is compared with, and the running kernel.
///
/// The naive patcher goes beyond 15,000 patches, to 45,000, with `PLOT` or `FULL=1`; the kernel, to 195,000, with `FULL=1`.
struct PatchingSuite {
  static let sizes = [15_000, 45_000, 95_000, 195_000, 1_000_000, 10_000_000]
  /// Seconds that Linux 6.18 takes to load a program of so many `__sk_buff` accesses, on an AMD Zen 5.
  static let linux: [(Int, Double)] = [
    (15_000, 1.03), (45_000, 11.3), (95_000, 50.7), (195_000, 224.8),
  ]
  /// Seconds for 1,000,000 patches in the 2019 proposal of a list, and in the kernel of then.
  static let proposal = (patches: 1_000_000, list: 0.5, kernel: 5_100.0)

  private var isFull: Bool { environment("FULL") == "1" }
  /// Where the plot is to be written, if it is.
  private var plotPath: String? { environment("PLOT") }

  func run() throws {
    var plot = PatchingPlot()
    try runKinds(&plot)
    try runPeers(&plot)
    try runJiffies()
    try runBlinding()
    plot.add("Linux 6.18, load (quoted)", Self.linux.map { ($0.0, $0.1) })
    plot.add("list proposal of 2019 (quoted)", [(Self.proposal.patches, Self.proposal.list)])
    plot.add("Linux of 2019 (quoted)", [(Self.proposal.patches, Self.proposal.kernel)])
    if let path = plotPath { try plot.write(to: path) }
  }

  // MARK: The patcher

  private func runKinds(_ plot: inout PatchingPlot) throws {
    print(
      "rewriting, program to program: 1,000,000 patches ≤ 20.0 ms, 10,000,000 ≤ 12 times that, and ≤ 3 × a copy of the\n"
        + "output on warm memory + 10 ns per patch; peak ≤ 48 bytes per original slot + 24 per inserted one"
    )
    for kind in PatchedProgramKind.allCases {
      print(kind.title)
      print("   patches         ms  ns/patch   copy, ms   limit, ms   peak, bytes/limit")
      var points: [(Int, Double)] = []
      for size in Self.sizes {
        let program = kind.program(sites: size)
        let patch = kind.patch.patch
        let batches = runs(of: size)
        // First, before there is memory to be used again.
        let peak = try peakMemory { _ = try rewrite(program, kind, size, patch) }
        var output = 0
        let time = try processorTime(runs: batches) {
          output = try rewrite(program, kind, size, patch).program.slots.count
        }
        precondition(output == program.slots.count + kind.growth(sites: size), "all was patched")
        let copy = copyTime(slots: output, batches: batches)
        let removed = kind == .deletions ? size / 2 : 0
        let inserted = output - program.slots.count + (size - removed) + removed
        // The program itself is one of the things in memory.
        let used = peak.map { $0 + 8 * program.slots.count }
        let allowed = 48 * program.slots.count + 24 * inserted
        print(
          column(Double(size), digits: 0) + column(time / 1e6, digits: 2, width: 11)
            + column(time / Double(size), digits: 1, width: 10)
            + column(copy / 1e6, digits: 2, width: 11)
            + column((3 * copy + 10 * Double(size)) / 1e6, digits: 2, width: 12)
            + (used.map { column(Double($0), digits: 0, width: 14) } ?? "             ?") + "/"
            + String(allowed))
        points.append((size, time / 1e9))
      }
      if kind == .plain { plot.add("BPFKit", points) }
      printGrowth(points)
    }
    print("")
  }

  private func runs(of size: Int) -> Int {
    size >= 10_000_000 ? 5 : size >= 1_000_000 ? 15 : 40
  }

  /// Ten times as many patches, over ten times as much time.
  private func printGrowth(_ points: [(Int, Double)]) {
    guard let million = points.first(where: { $0.0 == 1_000_000 }),
      let tenMillion = points.first(where: { $0.0 == 10_000_000 })
    else { return }
    print(
      "10,000,000 take" + column(tenMillion.1 / million.1, digits: 1, width: 5)
        + " times as long as 1,000,000 (≤ 12)")
  }

  private func rewrite(
    _ program: Program, _ kind: PatchedProgramKind, _ sites: Int, _ patch: Patch
  ) throws(PatchError) -> PatchedProgram {
    var patcher = ProgramPatcher(program)
    let branches = kind == .branches
    var slot = 0
    for site in 0..<sites {
      if branches, site % 7 == 0, site + 16 < sites { slot += 1 }
      if kind.isRemoved(site) {
        try patcher.remove(slot)
      } else {
        try patcher.replace(slot, with: patch)
      }
      slot += 1
    }
    return try patcher.linearize()
  }

  /// Nanoseconds for copying so many slots to memory that was written before.
  private func copyTime(slots count: Int, batches: Int) -> Double {
    let source = [UInt64](repeating: 3, count: count)
    var destination = [UInt64](repeating: 4, count: count)
    let time = processorTime(runs: batches) {
      // SAFETY: both arrays have that many elements, and are not used otherwise meanwhile.
      unsafe destination.withUnsafeMutableBufferPointer { destination in
        unsafe source.withUnsafeBufferPointer { source in
          guard let to = destination.baseAddress, let from = source.baseAddress else { return }
          _ = unsafe memcpy(to, from, 8 * count)
        }
      }
    }
    precondition(destination[count - 1] == 3, "all was copied")
    return time
  }

  // MARK: Peers

  private func runPeers(_ plot: inout PatchingPlot) throws {
    print("peers, 1 → 3")
    print(
      "   patches   BPFKit, ms   sorted, ms   naive, s   Linux here, s   Linux 6.18 (quoted), s")
    var sorted: [(Int, Double)] = []
    var naive: [(Int, Double)] = []
    var kernel: [(Int, Double)] = []
    for size in Self.sizes {
      let kind = PatchedProgramKind.plain
      let program = kind.program(sites: size)
      let slots = try kind.patch.lines.flatMap { try $0.instruction.encoded.slots }
      // Again, under the same conditions as what it is compared with.
      let patch = kind.patch.patch
      let own = try processorTime(runs: runs(of: size)) {
        _ = try rewrite(program, kind, size, patch)
      }
      let time = try processorTime(runs: runs(of: size)) {
        var patcher = SortedPatcher()
        for site in 0..<size { try patcher.replace(site, of: program.slots, with: slots) }
        _ = try patcher.linearize(program.slots)
      }
      sorted.append((size, time / 1e9))
      var line =
        column(Double(size), digits: 0) + column(own / 1e6, digits: 2, width: 13)
        + column(time / 1e6, digits: 2, width: 13)
      if size <= (isFull || plotPath != nil ? 45_000 : 15_000) {
        let elapsed = try processorTime(runs: 1) {
          var patcher = NaivePatcher(program)
          let patch = kind.patch
          for site in 0..<size { try patcher.replace(site, with: patch) }
          guard case .program = patcher.linearize() else {
            preconditionFailure("the naive patcher took it all")
          }
        }
        naive.append((size, elapsed / 1e9))
        line += column(elapsed / 1e9, digits: 2, width: 11)
      } else {
        line += "          –"
      }
      if size <= (isFull ? 195_000 : 15_000), let elapsed = KernelLoading().seconds(program) {
        kernel.append((size, elapsed))
        line += column(elapsed, digits: 2, width: 16)
      } else {
        line += "               –"
      }
      let quoted = Self.linux.first { $0.0 == size }.map { column($0.1, digits: 2, width: 25) }
      print(line + (quoted ?? "                        –"))
    }
    print(
      "quoted for 1,000,000 patches: the list proposal of 2019 under 0.5 s, the kernel of then 5,100 s\n"
    )
    plot.add("sorted patches (2022)", sorted)
    plot.add("naive", naive)
    plot.add("Linux here, load", kernel)
  }

  // MARK: Passes

  private func runJiffies() throws {
    let count = 8_192
    var slots = [RawInstruction](
      repeating: RawInstruction(opcode: 0x85, immediate: HelperID.jiffies64.rawValue), count: count)
    slots.append(RawInstruction(opcode: 0x95))
    let program = try Program(name: "jiffies", slots: slots)
    let time = try processorTime(runs: 20) {
      var patcher = ProgramPatcher(program)
      try patcher.run(HelperInlining([.jiffies64: .memory(.value(1 << 40), .double)]))
      let patched = try patcher.linearize()
      precondition(patched.program.slots.count == 3 * count + 1, "every call was inlined")
    }
    print(
      "8,192 calls to jiffies64 inlined:" + column(time / 1e6, digits: 3, width: 8)
        + " ms (2022, in the kernel: 2560.000 ms)")
  }

  private func runBlinding() throws {
    for count in Self.sizes {
      var slots = [RawInstruction](
        repeating: RawInstruction(opcode: 0x07, destination: 2, immediate: 0x1234_5678),
        count: count)
      slots.append(RawInstruction(opcode: 0x95))
      let program = try Program(name: "blinded", slots: slots)
      let time = try processorTime(runs: count >= 10_000_000 ? 1 : 5) {
        var patcher = ProgramPatcher(program)
        try patcher.run(ConstantBlinding(using: Keys()))
        _ = try patcher.linearize()
      }
      print(
        "blinding of" + column(Double(count), digits: 0, width: 9) + " immediates:"
          + column(time / 1e6, digits: 2, width: 9) + " ms,"
          + column(time / Double(count), digits: 1, width: 7) + " ns each")
    }
    print("")
  }

  /// Keys that cost nothing to speak of.
  private struct Keys: RandomNumberGenerator {
    var state: UInt64 = 1
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state
    }
  }

  // MARK: Measuring

  /// The least processor time of several runs, in nanoseconds: what else runs on the machine counts less than by the
  /// clock, and page faults count in full. Everything here is one thread.
  private func processorTime(runs: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<runs {
      let start = Self.processorNanoseconds()
      try body()
      best = min(best, Self.processorNanoseconds() - start)
    }
    return best
  }

  private static func processorNanoseconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }

  private func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// By how many bytes the memory of the process grows at most while `body` runs; nil where the system does not say.
  private func peakMemory(_ body: () throws -> Void) rethrows -> Int? {
    guard let before = status("VmRSS:"), resetPeak() else { return nil }
    try body()
    return status("VmHWM:").map { max(0, $0 - before) }
  }

  private func resetPeak() -> Bool {
    guard let file = unsafe fopen("/proc/self/clear_refs", "w") else { return false }
    let written = unsafe fputs("5", file)
    return unsafe fclose(file) == 0 && written >= 0
  }

  /// A size from the process's status, in bytes.
  private func status(_ name: String) -> Int? {
    guard let bytes = try? readFile("/proc/self/status") else { return nil }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix(name) {
      return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
        .flatMap { Int($0) }.map { $0 * 1024 }
    }
    return nil
  }
}
