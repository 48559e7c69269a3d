import BPFISA
import BPFJIT
import BPFPlatform
import BPFRuntime
import Testing

@testable import BPFCommands

/// What `--harden` keeps out of machine code.
@Suite(.enabled(if: LoadedEngine.isCompiled)) struct HardeningTests {
  /// A program with many constants, each used with a value that nothing is known of, and the constants.
  private static func program(seed: UInt32) -> (text: String, constants: [UInt32]) {
    let unknown = "r6 = *(u32 *)(r7 + 12)\n"
    var text = "r7 = r1\n" + unknown
    var constants: [UInt32] = []
    // Numbers of which no byte is 0, which nothing else in an image looks like.
    var state = seed &* 0x1357_9bdf
    func next() -> UInt32 {
      repeat {
        state = state &* 1_664_525 &+ 1_013_904_223
      } while (0..<4).contains { (state >> (8 * $0)) & 0xff == 0 } || state >> 31 == 1
      constants.append(state)
      return state
    }
    for operation in ["+=", "-=", "*=", "&=", "|=", "^=", "/=", "%="] {
      text += "r0 = r6\nr0 \(operation) \(next())\n*(u64 *)(r10 - 8) = r0\n"
      text += "w0 = w6\nw0 \(operation) \(next())\n*(u64 *)(r10 - 8) = r0\n"
    }
    for operation in ["==", "!=", ">", "<", ">=", "s>", "s<=", "&"] {
      let label = "l\(constants.count)"
      text += unknown + "r0 = 1\nif r6 \(operation) \(next()) goto \(label)\nr0 = 2\n\(label):\n"
      text += "*(u64 *)(r10 - 16) = r0\n"
      text += unknown + "r0 = 1\nif w6 \(operation) \(next()) goto w\(label)\nr0 = 2\nw\(label):\n"
      text += "*(u64 *)(r10 - 16) = r0\n"
    }
    text += "r2 = \(next())\n*(u64 *)(r10 - 24) = r2\n"
    text += "w2 = \(next())\n*(u64 *)(r10 - 24) = r2\n"
    text += "*(u32 *)(r10 - 32) = \(next())\n*(u64 *)(r10 - 40) = \(next())\n"
    let (high, low) = (next(), next())
    text +=
      "r2 = 0x\(String(UInt64(high) << 32 | UInt64(low), radix: 16)) ll\n*(u64 *)(r10 - 48) = r2\n"
    return (text + "r0 = 2\nexit\n", constants)
  }

  private static func windows(_ bytes: [UInt8]) -> Set<UInt32> {
    Set(
      (0..<bytes.count - 3).map { start in
        (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
      })
  }

  private func code(_ hardening: Compilation.Hardening, _ text: String) throws -> [UInt8] {
    let program = try BareProgram.assembled(Array(text.utf8), path: "constants")
    return try ProgramInput(program: program, type: .xdp)
      .compiled(Compilation(hardening: hardening)).bytes
  }

  @Test func `no constant of the program survives in its code`() throws {
    for seed in 1...20 as ClosedRange<UInt32> {
      let (text, constants) = Self.program(seed: seed)
      #expect(constants.count == 38)
      let plain = Self.windows(try code(.none, text))
      let found = constants.filter(plain.contains)
      // Divisors may become other constants.
      #expect(found.count >= 34, "\(found.count) of \(constants.count)")
      for hardening in [Compilation.Hardening.blinded, .full] {
        let hardened = Self.windows(try code(hardening, text))
        let left = constants.filter(hardened.contains)
        #expect(left.isEmpty, "\(hardening): \(left.map { String($0, radix: 16) })")
        // Each image has keys of its own.
        #expect(try Self.windows(code(hardening, text)) != hardened)
      }
    }
  }

  @Test(arguments: ["count", "classify", "filter", "police"])
  func `hardened code does the same`(program: String) throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    for hardening in Compilation.Hardening.allCases {
      let run = CommandRun(
        "run", CounterObject.path, "--program", program, "--read", capture, "--engine", "all",
        "--harden", hardening.rawValue)
      #expect(run.status == 0, "\(run.errors)\(run.text)")
      #expect(run.text.contains("jit, interpreter, checked\n"))
    }
  }

  @Test func `what is not compiled is not hardened`() {
    for options in [
      ["--harden", "full", "--engine", "interpreter"], ["--harden", "none", "--unverified"],
      ["--perf", "map", "--engine", "checked"],
    ] {
      let run = CommandRun(
        arguments: ["run", CounterObject.path, "--program", "count", "--input", "00"] + options)
      #expect(run.status == 2, "\(options)")
      #expect(run.errors.contains("\(options[0]) is of compiled code"), "\(run.errors)")
    }
  }
}
