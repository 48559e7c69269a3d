import BPFPlatform
import Foundation
import Testing

@Suite struct HelperDocumentationTests {
  private static let page = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Documentation/Helpers.md")

  /// If this fails after a change of the table:
  /// `BPFKIT_WRITE_FIXTURES=1 swift test --filter HelperDocumentationTests`.
  @Test func `the committed page is the generated one`() throws {
    let generated = HelperPrototype.documentation()
    if ProcessInfo.processInfo.environment["BPFKIT_WRITE_FIXTURES"] != nil {
      try generated.write(to: Self.page, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: Self.page, encoding: .utf8) == generated)
  }

  @Test func `every helper has a row`() {
    let rows = HelperPrototype.documentation().split(separator: "\n").filter { $0.hasPrefix("| ") }
    #expect(rows.count == HelperID.all.count + 1)
    #expect(
      rows.contains(
        "| 131 | `ringbuf_reserve` | map, constant size, any | record? | acquires | all |"))
    #expect(
      rows.contains("| 44 | `xdp_adjust_head` | context, any | number | moves packets | xdp |"))
  }
}
