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
          main, tailCalled: tailCalled, fill: { if hasFullMaps { try MapFill.fill($0) } },
          prepare: { $0.clock = .fixed(nanoseconds: 1_000_000_007) })
        let differences = try comparison.differences(on: inputs)
        #expect(differences.isEmpty, "\(path) \(program): \(differences.first ?? "")")
        count += 1
      }
    }
    #expect(count >= 150)
  }
}
