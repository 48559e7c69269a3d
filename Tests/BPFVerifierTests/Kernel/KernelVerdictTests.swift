import BPFISA
import BPFPlatform
import Foundation
import TestSupport
import Testing

@testable import BPFVerifier

/// The verifier's verdicts beside those of the running kernel.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct KernelVerdictTests {
  private static let asked = ProcessInfo.processInfo.environment["BPFKIT_KERNEL_VERDICTS"]
    .flatMap { Int($0) }

  @Test func `the kernel judges each pair alike`() throws {
    let maps = try VerdictPair.maps.map { try Self.filled($0) }
    var compared = 0
    for pair in VerdictPair.all where pair.kernelDiffers == nil && pair.isForKernel {
      compared += 1
      let good = try Self.refusal(of: pair.program(pair.accepted), pair.type, maps)
      #expect(good == nil, "\(pair.name): the kernel refuses the accepted one\n\(good ?? "")")
      let bad = try Self.refusal(of: pair.program(pair.rejected), pair.type, maps)
      #expect(bad != nil, "\(pair.name): the kernel accepts the rejected one")
    }
    #expect(compared > 50)
  }

  /// What the kernel refuses is refused, but for what is known to be no harm.
  @Test func `no random program is accepted that the kernel refuses`() throws {
    let maps = try SampleProgram.maps.map { try Self.filled($0) }
    var accepted: [KnownDifference?: Int] = [:]
    var refused: [ProblemCase: Int] = [:]
    var alike = 0
    // The kernel is told what global functions are declared as.
    var options = VerifierOptions()
    options.requiresPrototypes = true
    for seed in 1...UInt64(Self.asked ?? 300) {
      var generator = SampleGenerator(seed: seed)
      let sample = generator.sample()
      guard sample.type != .raw else { continue }
      let program = try sample.program()
      let refusal = try Self.refusal(of: program, sample.type, maps)
      do {
        _ = try Verifier(for: sample.type, options: options)
          .verify(program, maps: SampleProgram.maps)
        guard let refusal else {
          alike += 1
          continue
        }
        let known = KnownDifference.allCases.first { refusal.contains($0.rawValue) }
        accepted[known, default: 0] += 1
        if Self.asked != nil, known == nil, !refusal.contains("too large") {
          let reason = Self.reason(in: refusal)
          try Self.show(sample, "seed \(seed): the kernel alone: \(reason)", maps) {
            ours, refusal in
            ours == nil && refusal.map(Self.reason(in:))?.prefix(12) == reason.prefix(12)
          }
        }
        // Where the reason is none of these, many runs have to show that more is known than the kernel knows.
        var oracle = SoundnessOracle()
        oracle.options = options
        oracle.runs = 100
        if known == nil, let finding = try oracle.judge(sample, seed: seed).finding {
          Issue.record(
            """
            seed \(seed), \(sample.type.name), is accepted: \(finding); the kernel says:
            \(refusal.split(separator: "\n").suffix(6).joined(separator: "\n"))
            \(Disassembler().text(of: program))
            """)
        }
      } catch let error as Rejection {
        if refusal == nil {
          refused[ProblemCase(error.problem), default: 0] += 1
          if Self.asked != nil {
            try Self.show(sample, "seed \(seed): here alone: \(error.problem)", maps) {
              ours, refusal in
              ours == ProblemCase(error.problem) && refusal == nil
            }
          }
        } else {
          alike += 1
        }
      }
    }
    if Self.asked != nil {
      print("alike \(alike), kernel refuses \(accepted), we refuse \(refused)")
    }
    #expect(alike > 100)
    #expect(refused.values.reduce(0, +) * 50 <= alike)
  }

  /// Why the kernel refuses what is safe, by what its log says.
  private enum KnownDifference: String, CaseIterable {
    /// An address where a number is expected that decides nothing: trusted programs may know addresses.
    case pointerOperation = "prohibited"
    /// The same, in a 32-bit operation.
    case halfPointer = "32-bit pointer"
    /// Less known of a number: of remainders, of a callback's round.
    case numberBounds = "unbounded min value"
    /// Less known of a pointer from which a number was subtracted.
    case pointerBounds = "unbounded memory access"
    /// A comparison with a register that is 0 settles whether an address is null.
    case nullByRegister = "map_value_or_null"
    /// The kernel's own message of a mistake: a function of which no path calls.
    case kernelBug = "verifier bug"
  }

  /// What the kernel's log says at its end, before the statistics.
  private static func reason(in log: String) -> String {
    log.split(separator: "\n").suffix(2).first.map { String($0) } ?? ""
  }

  /// Prints the smallest program like one that verifiers differ over.
  private static func show(
    _ sample: SampleProgram, _ title: String, _ maps: [KernelMap],
    while differs: (_ ours: ProblemCase?, _ refusal: String?) -> Bool
  ) throws {
    let smallest = sample.shrunk { candidate in
      guard let program = try? candidate.program(),
        let refusal = try? refusal(of: program, candidate.type, maps) ?? ""
      else { return false }
      var ours: ProblemCase?
      var options = VerifierOptions()
      options.requiresPrototypes = true
      do throws(Rejection) {
        _ = try Verifier(for: candidate.type, options: options)
          .verify(program, maps: SampleProgram.maps)
      } catch {
        ours = ProblemCase(error.problem)
      }
      return differs(ours, refusal.isEmpty ? nil : refusal)
    }
    print("\(title), in a program of type \(smallest.type.name)")
    print(Disassembler().text(of: try smallest.program()))
  }

  private static func filled(_ spec: MapSpec) throws -> KernelMap {
    let map = try KernelMap(spec)
    for entry in spec.contents {
      if case .bytes(let value) = entry.value { try map.set(entry.key, value) }
    }
    if spec.isFrozen { try map.freeze() }
    return map
  }

  /// The kernel's log, if it refuses a program.
  private static func refusal(
    of program: Program, _ type: ProgramType, _ maps: [KernelMap]
  ) throws -> String? {
    do {
      _ = try KernelProgram(program, type: type, maps: maps)
      return nil
    } catch let refusal as KernelRefusal {
      return refusal.log.isEmpty ? "error \(refusal.number)" : refusal.log
    }
  }
}

extension VerdictPair {
  /// Whether the kernel can be asked: not for what is untrusted, has limits of its own, or names no map.
  fileprivate var isForKernel: Bool {
    guard type != .raw, options == VerifierOptions(), limits == VerifierLimits() else {
      return false
    }
    switch problem {
    case .noSuchMap, .unresolvedMap, .helperNeedsGPL, .unsupported: return false
    case _: return true
    }
  }
}
