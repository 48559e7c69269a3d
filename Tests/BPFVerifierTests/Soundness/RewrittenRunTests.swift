import BPFISA
import BPFPlatform
import BPFRewriter
import BPFRuntime
import Foundation
import TestSupport
import Testing

@testable import BPFVerifier

/// Random programs that the verifier accepts do the same rewritten and unchecked as they do as they are and checked.
///
/// `BPFKIT_REWRITTEN_PROGRAMS` says how many have to be accepted.
@Suite struct RewrittenRunTests {
  private static let asked = ProcessInfo.processInfo.environment["BPFKIT_REWRITTEN_PROGRAMS"]
    .flatMap { Int($0) }
  #if DEBUG
  private static let wanted = asked ?? 1_000
  #else
  private static let wanted = asked ?? 3_000
  #endif

  @Test func `accepted programs do the same rewritten`() throws {
    var accepted = 0
    var kinds: Set<SampleProgram.Kind> = []
    var hasMasks = false
    var hasBarriers = false
    var seed: UInt64 = 1 << 32
    while accepted < Self.wanted {
      seed += 1
      var generator = SampleGenerator(seed: seed)
      let sample = generator.sample()
      // What ends late is worth some runs.
      if sample.mayGoOn, seed % 8 != 0 { continue }
      do {
        let differences = try Self.differences(sample, seed)
        accepted += 1
        kinds.formUnion(sample.kinds)
        if Self.isMasked(seed), !hasMasks || !hasBarriers {
          let facts = try Self.facts(of: sample)
          hasMasks = hasMasks || facts.contains { $0.mask != nil }
          hasBarriers = hasBarriers || facts.contains { $0.needsBarrier || $0.needsBarrierAfter }
        }
        if let first = differences.first, try !Self.comparesHalfAnAddress(sample) {
          try report(sample, first, seed)
        }
      } catch is Rejection {}
    }
    #expect(kinds == Set(SampleProgram.Kind.allCases))
    #expect(hasMasks && hasBarriers)
  }

  /// One half of the programs is rewritten with masks and barriers.
  private static func isMasked(_ seed: UInt64) -> Bool { seed % 2 == 0 }

  private static func facts(of sample: SampleProgram) throws -> [InstructionFacts] {
    var options = VerifierOptions()
    options.isPrivileged = false
    return try Verifier(for: sample.type, options: options)
      .verify(sample.program(), maps: SampleProgram.maps).facts
  }

  private static func differences(_ sample: SampleProgram, _ seed: UInt64) throws -> [String] {
    var program = ComparedProgram(
      try sample.program(), type: sample.type, maps: SampleProgram.maps)
    // Walks over both sides' maps come to the elements in the same order.
    for index in program.maps.indices where program.maps[index].kind == .hash {
      program.maps[index].flags.insert(.zeroSeed)
    }
    // Addresses are others on either side: only what may not see them can be compared.
    program.isPrivileged = false
    program.rewriting.masksSpeculation = isMasked(seed)
    // Some of either without immediates.
    program.rewriting.blindsConstants = seed % 5 == 0
    let comparison = EngineComparison(
      program,
      fill: { maps in
        var random = RandomSource(seed: seed)
        for map in maps {
          switch map.spec.name {
          case "values":
            for index in 0..<4 {
              try map.set([UInt8(index), 0, 0, 0], bytes(SampleProgram.valueSize, &random))
            }
          case "table":
            for index in 0..<3 {
              try map.set([UInt8(index), 0, 0, 0, 0, 0, 0, 0], bytes(16, &random))
            }
          case "global": try map.set([0, 0, 0, 0], bytes(SampleProgram.globalSize, &random))
          case _: break
          }
        }
      }, prepare: { $0.randomState = seed | 1 })
    var random = RandomSource(seed: seed ^ 0xff)
    let least = sample.type == .raw ? 0 : 14
    let inputs = [least, 20, 40, 64, least + random.below(80)].map {
      KernelComparison.Input(bytes($0, &random))
    }
    do {
      return try comparison.differences(on: inputs, budget: 1 << 20)
    } catch let error as RewriteError {
      return ["\(error)"]
    }
  }

  /// Whether a jump depends on whether the lower half of an address is 0, which it may be on either side.
  private static func comparesHalfAnAddress(_ sample: SampleProgram) throws -> Bool {
    let program = try sample.program()
    var options = VerifierOptions()
    options.isPrivileged = false
    var isFound = false
    let log = VerificationLog { slot, state in
      let instruction = program.slots[slot]
      guard [0x16, 0x56].contains(instruction.opcode), instruction.immediate == 0,
        let name = state.firstRange(of: "R\(instruction.destination)=")
      else { return }
      let value = state[name.upperBound...]
      if value.first?.isLetter ?? false, !value.hasPrefix("scalar") { isFound = true }
    }
    _ = try Verifier(for: sample.type, options: options)
      .verify(program, maps: SampleProgram.maps, log: log)
    return isFound
  }

  private static func bytes(_ count: Int, _ random: inout RandomSource) -> [UInt8] {
    let isSmall = random.once(in: 2)
    return (0..<count).map { _ in
      isSmall && !random.once(in: 8) ? UInt8(random.below(3)) : UInt8(random.below(256))
    }
  }

  private func report(_ sample: SampleProgram, _ difference: String, _ seed: UInt64) throws {
    let smallest = sample.shrunk { candidate in
      (try? Self.differences(candidate, seed))?.isEmpty == false
    }
    let text = Disassembler().text(of: try smallest.program())
    Issue.record("seed \(seed), \(sample.type.name): \(difference)\n\(text)")
  }
}
