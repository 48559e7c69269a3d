import Foundation
import Testing

@testable import BPFISA

@Suite struct DocumentationTests {
  /// If this fails after a change of the table: `BPFKIT_WRITE_FIXTURES=1 swift test --filter DocumentationTests`.
  @Test func theCommittedPageIsTheGeneratedOne() throws {
    let page = Fixtures.package.appendingPathComponent("Documentation/InstructionSet.md")
    let generated = InstructionTable.documentation()
    if Fixtures.areWritten {
      try generated.write(to: page, atomically: true, encoding: .utf8)
    }
    let committed = try String(contentsOf: page, encoding: .utf8)
    #expect(committed == generated)
  }
}
