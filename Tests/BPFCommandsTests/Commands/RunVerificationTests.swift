import Testing

@testable import BPFCommands

/// `bpfkit run` runs what was proved safe.
@Suite struct RunVerificationTests {
  private static let packet = String(repeating: "00", count: 60)

  @Test func `a rejected program does not run`() {
    let run = CommandRun(
      "run", VerifyCommandTests.object, "--program", "short_check", "--input", Self.packet)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("Verification failed: packet_bounds: "))
    #expect(run.errors.contains("\nSuggestion: "))
    #expect(
      run.errors.hasSuffix(
        "verify.bpf.o: program short_check is not safe; --unverified runs it with every access checked\n"
      ))
  }

  @Test func `it runs unverified, and its faults are found`() {
    let run = CommandRun(
      "run", VerifyCommandTests.object, "--program", "short_check", "--input", Self.packet,
      "--unverified")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("returned 1\n"))
    let short = CommandRun(
      "run", VerifyCommandTests.object, "--program", "short_check", "--input",
      String(repeating: "00", count: 14), "--unverified")
    #expect(short.status == 1)
    #expect(short.text.contains("1 run ended in a fault"))
  }

  @Test func `a safe program runs`() {
    let run = CommandRun(
      "run", VerifyCommandTests.object, "--program", "sum", "--input", Self.packet)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.isEmpty)
  }

  @Test func `what cannot be checked says how to run it`() throws {
    let object = TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/unsupported.bpf.o"
    let run = CommandRun("run", object, "--input", Self.packet)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("Verification failed: unsupported: "))
    #expect(
      run.errors.hasSuffix(
        "program arena cannot be verified: the program uses what is not supported: addr_space_cast: arenas; "
          + "--unverified runs it with every access checked\n"), "\(run.errors)")
    #expect(CommandRun("run", object, "--input", Self.packet, "--unverified").status == 0)
  }
}
