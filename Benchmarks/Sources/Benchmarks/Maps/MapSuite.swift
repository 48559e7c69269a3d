import BPFKit
import Glibc

/// Maps as programs use them: each figure is of one helper call.
///
/// SAFETY (whole file): addresses given to helpers are of keys and values as large as the map's, in memory the subject
/// owns.
struct MapSuite {
  func run() throws {
    print(
      "maps: ns per helper call (`callHelper`), keys in random order; beside them the\n"
        + "running kernel's own maps, a program's call less the loop around it\n")
    try memory()
    try lookups()
    try changes()
    try prefixes()
    try rings()
    try sharing()
    print("")
  }

  private func report(_ what: String, _ time: Double, target: Double? = nil, kernel: Double? = nil)
  {
    var line = column(what, width: 52) + column(time, digits: 1, width: 8)
    line +=
      target.map { "   target ≤ " + column($0, digits: 0, width: 3) }
      ?? (kernel == nil ? "" : column("", width: 15))
    line += kernel.map { "   kernel " + column($0, digits: 1, width: 5) } ?? ""
    print(line)
  }

  // MARK: Look-ups

  private func lookups() throws {
    let array = try MapSubject(.array, keySize: 4, entries: 1000)
    report(
      "array, 1,000 entries: lookup", array.lookupTime(), target: 3,
      kernel: array.kernelTime(.lookup))
    for (entries, target) in [(1000, 15.0), (100_000, 25.0), (1_000_000, nil)] as [(Int, Double?)] {
      let hash = try MapSubject(.hash, keySize: 8, entries: entries)
      report(
        "hash, \(entries) of \(entries), 8+8 bytes: lookup", hash.lookupTime(), target: target,
        kernel: hash.kernelTime(.lookup))
      report("hash, \(entries) of \(entries), 8+8 bytes: miss", hash.missTime())
    }
    for keySize in [4, 12, 16, 20, 40] {
      for entries in [1000, 100_000] {
        let hash = try MapSubject(.hash, keySize: keySize, entries: entries)
        report("hash, \(entries) entries, \(keySize)+8 bytes: lookup", hash.lookupTime())
      }
    }
    let half = try MapSubject(.hash, keySize: 8, entries: 50_000, maxEntries: 100_000)
    report("hash, 50000 of 100000, 8+8 bytes: lookup", half.lookupTime())
    let perCPU = try MapSubject(.perCPUHash, keySize: 8, entries: 100_000)
    report("percpu_hash, 100000 entries, 8+8 bytes: lookup", perCPU.lookupTime())
    let lru = try MapSubject(.lruHash, keySize: 8, entries: 100_000)
    report("lru_hash, 100000 entries, 8+8 bytes: lookup", lru.lookupTime())
  }

  // MARK: Changes

  private func changes() throws {
    for entries in [1000, 100_000] {
      let hash = try MapSubject(.hash, keySize: 8, entries: entries)
      report(
        "hash, \(entries) entries: update, existing key", hash.updateTime(), target: 40,
        kernel: hash.kernelTime(.update))
      let pair = hash.insertAndDeleteTimes()
      report("hash, \(entries) entries: update, new key", pair.insert, target: 40)
      report("hash, \(entries) entries: delete", pair.delete)
      report("hash, \(entries) entries: lookup, update, delete, mixed", hash.mixedTime())
    }
    for keySize in [16, 40] {
      let hash = try MapSubject(.hash, keySize: keySize, entries: 100_000)
      report("hash, 100000 entries, \(keySize)+8 bytes: update", hash.updateTime())
    }
    for entries in [10_000, 100_000] {
      let lru = try MapSubject(.lruHash, keySize: 8, entries: entries)
      report(
        "lru_hash, \(entries) entries: insert, evicting", lru.evictionTime(), target: 120,
        kernel: lru.kernelEvictionTime())
    }
  }

  // MARK: Prefixes

  private func prefixes() throws {
    let table = try MapSubject(prefixes: 100_000)
    report(
      "lpm_trie, IPv4, 100,000 prefixes: lookup", table.lookupTime(), target: 60,
      kernel: table.kernelTime(.lookup))
    report(
      "lpm_trie, IPv4, 100,000 prefixes: update", table.updateTime(),
      kernel: table.kernelTime(.update))
    let few = try MapSubject(prefixes: 100)
    report("lpm_trie, IPv4, 100 prefixes: lookup", few.lookupTime())
    let six = try MapSubject(prefixes: 100_000, isIPv6: true)
    report("lpm_trie, IPv6, 100,000 prefixes: lookup", six.lookupTime())
  }

  // MARK: Rings

  private func rings() throws {
    let ring = try RingSubject()
    report("ringbuf, 64 bytes: reserve and submit", ring.reserveTime(), target: 25)
    report("ringbuf, 64 bytes: output", ring.outputTime())
  }

  // MARK: Threads

  private func sharing() throws {
    for entries in [1000, 100_000] {
      let hash = try MapSubject(.hash, keySize: 8, entries: entries, workers: 2)
      let (one, two) = hash.threadedLookups()
      print(
        column("hash, \(entries) entries: lookups of two threads", width: 52)
          + column(two / one, digits: 2, width: 8) + " × one thread's   target ≥ 1.80")
    }
    let hash = try MapSubject(.hash, keySize: 8, entries: 100_000, workers: 2)
    let (one, two) = hash.threadedUpdates()
    print(
      column("hash, 100000 entries: updates of two threads", width: 52)
        + column(two / one, digits: 2, width: 8) + " × one thread's")
  }

  // MARK: Memory

  private func memory() throws {
    let before = residentBytes()
    let hash = try MapSubject(.hash, keySize: 8, entries: 1_000_000)
    let taken = residentBytes() - before - hash.ownBytes
    print(
      column("hash, 1,000,000 entries of 8+8 bytes", width: 52)
        + column(Double(taken) / 1e6, digits: 1, width: 8) + " MB resident   target ≤ 64")
  }

  private func residentBytes() -> Int {
    guard let text = try? readFile("/proc/self/statm") else { return 0 }
    let fields = text.split(separator: UInt8(ascii: " "))
    guard fields.count > 1 else { return 0 }
    return (Int(String(decoding: fields[1], as: UTF8.self)) ?? 0) * 4096
  }
}
