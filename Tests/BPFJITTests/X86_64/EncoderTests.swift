import Foundation
import Testing

@testable import BPFJIT

/// The encoder against `llvm-mc`: committed bytes everywhere, the tool itself where it is installed.
///
/// Texts say what each method writes. Where that is not the instruction it is named for but a shorter one that does the same,
/// the text is made by a function with `shortest` in its name.
struct EncoderTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/X86_64")

  private static let families = EncoderFamily.all.map(\.name)

  private static func family(_ name: String) throws -> EncoderFamily {
    try #require(EncoderFamily.all.first { $0.name == name })
  }

  /// After a change of what is tested, with `llvm-mc` installed: `BPFKIT_WRITE_FIXTURES=1 swift test --filter EncoderTests`.
  @Test(arguments: families)
  func `Instructions have the bytes of the file`(name: String) throws {
    let found = try Self.family(name).instructions(.committed)
    let file = Self.folder.appending(path: "\(name).txt")
    if ProcessInfo.processInfo.environment["BPFKIT_WRITE_FIXTURES"] != nil,
      let assembler = MachineAssembler.installed
    {
      let bytes = try assembler.bytes(of: found.map(\.text))
      let lines = zip(found, bytes).map { EncodedInstruction(text: $0.text, bytes: $1).line + "\n" }
      try lines.joined().write(to: file, atomically: true, encoding: .utf8)
    }
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    expectSame(found, try lines.map { try #require(EncodedInstruction($0)) })
  }

  @Test(
    .enabled(if: MachineAssembler.installed != nil, "\(MachineAssembler.comment)"),
    arguments: families)
  func `Instructions have the bytes of the assembler`(name: String) throws {
    let assembler = try #require(MachineAssembler.installed)
    let found = try Self.family(name).instructions(.exhaustive)
    let bytes = try assembler.bytes(of: found.map(\.text))
    expectSame(found, zip(found, bytes).map { EncodedInstruction(text: $0.text, bytes: $1) })
    print("compared \(found.count) instructions of \(name) with llvm-mc")
  }

  /// Reports the first that differ, not thousands.
  private func expectSame(
    _ found: [EncodedInstruction], _ expected: [EncodedInstruction],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(!found.isEmpty, sourceLocation: sourceLocation)
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    let different = zip(found, expected).filter { $0 != $1 }
    for (found, expected) in different.prefix(10) {
      Issue.record(
        "\(found.line), expected: \(expected.line)", sourceLocation: sourceLocation)
    }
    let differences = different.count
    #expect(differences == 0, "of \(found.count)", sourceLocation: sourceLocation)
  }
}
