import Glibc
import Testing

@Suite struct DocumentationTests {
  /// The checkout: this file is Tests/BPFKitTests/DocumentationTests.swift.
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// Every path in backquotes that begins with a top-level folder has to exist.
  @Test(arguments: [
    "README.md", "CONTRIBUTING.md", "Documentation/Architecture.md", "Documentation/Batch.md",
    "Documentation/Maps.md", "Examples/xdp-firewall/README.md",
  ])
  func namesPathsThatExist(page: String) throws {
    let text = try read(page)
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
      #expect(unsafe access(Self.root + "/" + path, F_OK) == 0, "\(page) names \(path)")
    }
    if page == "Documentation/Architecture.md" { #expect(checked > 5) }
  }

  private func read(_ page: String) throws -> String {
    let file = try #require(unsafe fopen(Self.root + "/" + page, "r"), "\(page) is missing")
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = unsafe getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
