import BPFJIT
import Glibc

/// What the code of many small programs takes: memory, and time to install and to free it.
struct PackSuite {
  /// Programs of 50 instructions.
  private static let programs = 10_000
  private static let bytesPerProgram = 250

  func run() throws {
    // What reads the buffer is the kernel, so that any bytes do.
    let image = (0..<Self.bytesPerProgram).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try memory(image)
    try times(image)
    print("")
  }

  private func memory(_ image: [UInt8]) throws {
    let packs = CodePacks(near: CodePacks.moduleAddress)
    let before = Self.mappings()
    let codes = try (0..<Self.programs).map { _ in try Self.install(image, in: packs) }
    let statistics = packs.statistics
    let page = 4096
    print("code packs: \(codes.count) programs of \(image.count) bytes")
    print(column("", width: 24) + "     packs   mapped KiB      pages   mappings")
    print(
      column("packs", width: 24) + column(Double(statistics.packs), digits: 0)
        + column(Double(statistics.bytesMapped / 1024), digits: 0, width: 13)
        + column(Double(statistics.bytesTouched / page), digits: 0, width: 11)
        + column(Double(Self.mappings() - before), digits: 0, width: 11))
    print(
      column("a page each", width: 24) + column("         –", width: 10)
        + column(Double(codes.count * page / 1024), digits: 0, width: 13)
        + column(Double(codes.count), digits: 0, width: 11)
        + column(Double(codes.count), digits: 0, width: 11))
    let share = Double(codes.count * page) / Double(statistics.bytesTouched)
    print(
      column("", width: 24) + "\(column(share, digits: 1, width: 0)) × fewer pages;"
        + " \(statistics.bytesInUse / codes.count) bytes of chunks for each program")
  }

  private func times(_ image: [UInt8]) throws {
    let clock = ContinuousClock()
    var best: [(name: String, nanoseconds: Double)] = []
    func note(_ name: String, _ time: Duration) {
      let parts = time.components
      let each =
        (Double(parts.seconds) * 1e9 + Double(parts.attoseconds) / 1e9) / Double(Self.programs)
      if let index = best.firstIndex(where: { $0.name == name }) {
        best[index].nanoseconds = min(best[index].nanoseconds, each)
      } else {
        best.append((name, each))
      }
    }
    for _ in 0..<5 {
      let packs = CodePacks(near: CodePacks.moduleAddress)
      // A first one, so that a pack is there; then all new, and all again where there was code.
      let kept = try Self.install(image, in: packs)
      for name in ["new", "reused"] {
        var codes: [InstalledCode] = []
        codes.reserveCapacity(Self.programs)
        var allocating = Duration.zero
        var finalizing = Duration.zero
        for _ in 0..<Self.programs {
          let start = clock.now
          var allocation = try packs.allocate(image.count)
          let allocated = clock.now
          unsafe allocation.write(image.span.bytes)
          let written = clock.now
          codes.append(try allocation.finalize())
          finalizing += clock.now - written
          allocating += allocated - start
        }
        note("allocate, \(name)", allocating)
        note("finalize, \(name)", finalizing)
        let start = clock.now
        codes.removeAll(keepingCapacity: true)
        note("free, \(name)", clock.now - start)
      }
      withExtendedLifetime(kept) {}
    }
    print(column("", width: 24) + "ns per program")
    for (name, nanoseconds) in best {
      print(
        column(name, width: 24) + column(nanoseconds, digits: 0)
          + (name.hasPrefix("finalize") ? "   target ≤ 3,000" : ""))
    }
  }

  private static func install(_ image: [UInt8], in packs: CodePacks) throws -> InstalledCode {
    var allocation = try packs.allocate(image.count)
    unsafe allocation.write(image.span.bytes)
    return try allocation.finalize()
  }

  /// How many mappings this process has.
  private static func mappings() -> Int {
    guard let file = unsafe fopen("/proc/self/maps", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var count = 0
    while true {
      let character = unsafe fgetc(file)
      guard character != EOF else { return count }
      if character == 10 { count += 1 }
    }
  }
}
