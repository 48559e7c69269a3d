import BPFVerifier
import Testing

@testable import BPFCommands

/// Documentation/Verifier.md is what the command does.
@Suite struct VerifierDocumentationTests {
  private static func text(_ path: String) throws -> String {
    String(decoding: try FileContents.read(TestFiles.repository + "/" + path), as: UTF8.self)
  }

  @Test func `every class is documented`() throws {
    let text = try Self.text("Documentation/Verifier.md")
    for reason in Rejection.Class.allCases {
      #expect(text.contains("`\(reason.rawValue)`"), "\(reason.rawValue)")
    }
  }

  @Test(arguments: ["Documentation/Verifier.md", "README.md"])
  func `the report shown is what is printed`(path: String) throws {
    let run = CommandRun("verify", VerifyCommandTests.object, "--program", "short_check")
    let start = try #require(run.text.firstRange(of: "Verification failed: "))
    #expect(try Self.text(path).contains(run.text[start.lowerBound...]))
  }

  @Test func `every option is documented`() throws {
    let help = CommandRun("help", "verify").text
    let text = try Self.text("Documentation/Verifier.md")
    let options = help.split { !$0.isLetter && $0 != "-" }
      .filter { $0.hasPrefix("--") && !["--help", "--version", "--verbose"].contains($0) }
    #expect(options.count >= 11)
    for option in options { #expect(text.contains("`\(option)"), "\(option)") }
  }
}
