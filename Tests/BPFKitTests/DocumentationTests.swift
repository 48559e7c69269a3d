import Foundation
import Testing

@Suite struct DocumentationTests {
  /// The checkout: this file is Tests/BPFKitTests/DocumentationTests.swift.
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// Every path in backquotes that begins with a top-level folder has to exist.
  @Test(arguments: [
    "README.md", "CONTRIBUTING.md", "Documentation/Architecture.md", "Documentation/Batch.md",
    "Documentation/Dump.md", "Documentation/Maps.md", "Documentation/PatchStatistics.md",
    "Documentation/Rewriting.md",
    "Examples/xdp-firewall/README.md",
  ])
  func namesPathsThatExist(page: String) throws {
    let text = try String(contentsOfFile: Self.root + "/" + page, encoding: .utf8)
    var checked = 0
    for (index, piece) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
    where index % 2 == 1 {
      let folders = [
        "Sources/", "Tests/", "Documentation/", "Examples/", "Benchmarks/", "Fuzz/", ".ci/",
      ]
      let path = piece.prefix { $0 != " " }
      guard folders.contains(where: path.hasPrefix), !path.contains("…"), !path.contains("*") else {
        continue
      }
      checked += 1
      #expect(
        FileManager.default.fileExists(atPath: Self.root + "/" + path), "\(page) names \(path)")
    }
    if page == "Documentation/Architecture.md" { #expect(checked > 5) }
  }
}
