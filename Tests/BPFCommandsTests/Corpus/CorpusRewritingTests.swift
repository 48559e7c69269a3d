import BPFObject
import BPFPlatform
import BPFRuntime
import BPFVerifier
import Foundation
import TestSupport
import Testing

/// The real packet programs of `../shared/corpus` do the same rewritten and unchecked as they do as they are and checked.
@Suite(.enabled(if: SharedFolder.path != nil, "no ../shared/corpus beside this checkout"))
struct CorpusRewritingTests {
  /// Programs that cannot be compared, and why.
  private static let exceptions = [
    "build/exposeptr.o": "it stores an address, which is another on either side"
  ]

  @Test(arguments: [false, true]) func `every accepted packet program does the same rewritten`(
    hasFullMaps: Bool
  ) throws {
    let folder = try #require(SharedFolder.path) + "/corpus"
    let inputs = try PacketPrograms.packets().map { KernelComparison.Input($0) }
    var count = 0
    for (path, programs) in try PacketPrograms.acceptedPrograms(in: folder).sorted(by: {
      $0.key < $1.key
    }) {
      let object = try ObjectFile(
        bytes: [UInt8](Data(contentsOf: URL(filePath: folder + "/" + path))))
      for (program, type) in programs.sorted(by: { $0.key < $1.key }) {
        if Self.exceptions[path] != nil { continue }
        let (main, tailCalled) = try ComparedProgram.withTailCalled(
          object, program: program, as: type)
        let comparison = EngineComparison(
          main, tailCalled: tailCalled, fill: { if hasFullMaps { try Self.fill($0) } },
          prepare: { $0.clock = .fixed(nanoseconds: 1_000_000_007) })
        let differences = try comparison.differences(on: inputs)
        #expect(differences.isEmpty, "\(path) \(program): \(differences.first ?? "")")
        count += 1
      }
    }
    #expect(count >= 150)
  }

  /// Puts numbers that look random into every map that a host may change, few of them and small ones first.
  private static func fill(_ maps: [Map]) throws {
    for map in maps where !map.spec.isFrozen {
      var generator = SeededGenerator(
        seed: UInt64(map.spec.name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }.magnitude))
      let perWorker = [.perCPUArray, .perCPUHash, .lruPerCPUHash].contains(map.spec.kind)
      for index in 0..<UInt32(min(map.spec.maxEntries, 16)) {
        var key = (0..<map.spec.keySize).map { _ in UInt8.random(in: 0...3, using: &generator) }
        var size = map.spec.valueSize
        switch map.spec.kind {
        case .array, .perCPUArray:
          key = (0..<4).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) }
        case .hash, .lruHash, .perCPUHash, .lruPerCPUHash: break
        case .lpmTrie:
          key[0] = UInt8.random(
            in: 0...UInt8(min(8 * (map.spec.keySize - 4), 255)), using: &generator)
          key.replaceSubrange(1..<4, with: [0, 0, 0])
        case _: continue
        }
        if perWorker { size = (size + 7) / 8 * 8 * map.workers }
        let value = (0..<size).map { _ in
          UInt8.random(in: 0...255, using: &generator)
            & UInt8.random(in: 0...255, using: &generator)
        }
        // A value with a lock or a timer takes what is not those.
        try map.set(key, value)
      }
    }
  }
}
