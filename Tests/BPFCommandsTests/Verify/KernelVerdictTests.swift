import TestSupport
import Testing

@testable import BPFCommands

/// `bpfkit verify --kernel`: the running kernel's verdict beside ours.
@Suite struct KernelVerdictTests {
  /// Programs with callbacks, and maps with locks and timers.
  private static let locks =
    TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/locks.bpf.o"

  /// Global functions, right and wrong.
  private static let globals =
    TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/globals.bpf.o"

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `the kernel says the same`() throws {
    let programs = try VerifyCommandTests.json(
      CommandRun(
        "verify", VerifyCommandTests.object, CounterObject.path, Self.locks, "--json", "--kernel"))
    #expect(programs.count == 14)
    for (name, program) in programs where name != "walk" {
      #expect(program["kernel"]?["verdict"] == program["verdict"], "\(name)")
      guard case .integer(let count) = program["kernel"]?["insns"] else {
        Issue.record("\(name): the kernel gave no count")
        continue
      }
      #expect(count > 0)
      #expect(program["kernel"]?["us"] != nil)
    }
    #expect(
      programs["endless"]?["kernel"]?["message"]?.description.contains("infinite loop") == true)
    let text = CommandRun("verify", VerifyCommandTests.object, "--kernel").text
    #expect(text.contains("kernel, unchecked: R0 invalid mem access 'map_value_or_null'\n"))
  }

  /// Global functions: the kernel looks at each once, as long as it is told their prototypes.
  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `the kernel takes global functions for what they are declared as`() throws {
    let programs = try VerifyCommandTests.json(
      CommandRun("verify", Self.globals, "--json", "--kernel", "--strict-prototypes"))
    #expect(programs.count == 13)
    for (name, program) in programs {
      let kernel = try #require(program["kernel"])
      #expect(kernel["verdict"] == program["verdict"], "\(name): \(kernel)")
      guard program["verdict"] == .string("accept"), case .integer(let count) = kernel["insns"],
        case .integer(let own) = program["insns"]
      else { continue }
      #expect(own <= count * 5 / 4, "\(name): \(own), the kernel \(count)")
    }
  }

  @Test func `a report says which function was verified by itself`() {
    let text = CommandRun("verify", Self.globals, "--strict-prototypes").text
    #expect(
      text.contains(
        "Causal path, from the start of 'unchecked', for any arguments of its prototype:")
    )
    #expect(text.contains("r1, argument 1 of 'sum', is the context; expected memory\n"))
  }

  @Test func `what is safe as it is called is accepted, with what Linux says of it`() throws {
    let programs = try VerifyCommandTests.json(CommandRun("verify", Self.globals, "--json"))
    let strict = try VerifyCommandTests.json(
      CommandRun("verify", Self.globals, "--json", "--strict-prototypes"))
    var relaxed = 0
    for (name, program) in programs {
      let verdict = strict[name]?["verdict"]
      if program["verdict"] == .string("accept"), verdict != .string("accept") {
        relaxed += 1
        #expect(program["by_prototypes"]?["class"] == strict[name]?["reason"]?["class"], "\(name)")
      } else {
        #expect(program["verdict"] == verdict && program["by_prototypes"] == nil, "\(name)")
      }
    }
    #expect(relaxed > 0 && relaxed < programs.count)
    #expect(
      CommandRun("verify", Self.globals).text
        .contains("then (--strict-prototypes):\nVerification failed: null_pointer: "))
  }

  @Test func `what the kernel has not is said`() {
    let run = CommandRun(
      "verify", "--asm", "--type", "raw", "-", "--kernel", input: "r0 = 0\nexit\n")
    #expect(run.status == 0)
    #expect(run.text.contains("kernel, program: the kernel has no programs of type raw\n"))
  }
}
