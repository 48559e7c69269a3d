import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BPFJIT

/// Eight threads that allocate, run and free code of the same packs.
///
/// `BPFKIT_PACK_SECONDS` says for how long.
struct CodePackStressTests {
  private static let threads = 8
  private static var duration: Duration {
    let asked = ProcessInfo.processInfo.environment["BPFKIT_PACK_SECONDS"].flatMap { Int($0) }
    return asked.map { .seconds($0) } ?? .milliseconds(500)
  }

  /// Code that any thread may run, or put other code in the place of.
  private final class Slot: Sendable {
    let code = Mutex<(InstalledCode, UInt32)?>(nil)
  }

  @Test(arguments: [false, true])
  func `Threads run whole images that others replace`(hasFiles: Bool) async throws {
    let packs = CodePacks(
      near: ExecutableMemory.moduleAddress, hook: .default,
      system: hasFiles ? .current() : .withoutMemoryFiles)
    let slots = (0..<64).map { _ in Slot() }
    let wrong = Atomic(0)
    let runs = Atomic(0)
    let installed = Atomic(0)
    let failure = Mutex<(any Error)?>(nil)
    let end = ContinuousClock.now + Self.duration
    await onThreads(Self.threads) { thread in
      var random = SeededGenerator(seed: UInt64(thread))
      while ContinuousClock.now < end {
        for _ in 0..<16 {
          let slot = slots[Int.random(in: slots.indices, using: &random)]
          let number = UInt32.random(in: 0 ... .max, using: &random)
          do {
            switch number % 8 {
            case 0..<3:
              let size = [6, 250, 4_000, 60_000].randomElement(using: &random) ?? 6
              let code = try SmallImage.install(
                number, byteCount: size, in: packs, randomizesStart: number & 8 == 0)
              installed.add(1, ordering: .relaxed)
              slot.code.withLock { $0 = (code, number) }
            case 3:
              slot.code.withLock { $0 = nil }
            case 4:
              // Given back without being finalized.
              _ = try packs.allocate(100).size
            default:
              guard let (code, expected) = slot.code.withLock({ $0 }) else { continue }
              if SmallImage.run(code) != expected { wrong.add(1, ordering: .relaxed) }
              runs.add(1, ordering: .relaxed)
            }
          } catch {
            failure.withLock { $0 = error }
          }
        }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    #expect(failure.withLock { $0 } == nil)
    #expect(runs.load(ordering: .relaxed) > 0)
    for slot in slots { slot.code.withLock { $0 = nil } }
    #expect(packs.statistics.packedImages == 0)
    #expect(packs.statistics.imagesWithOwnPages == 0)
    #expect(packs.statistics.bytesInUse == 0)
    #expect(packs.statistics.packs <= 1)
    if Self.duration > .seconds(1) {
      print(
        "\(Self.threads) threads, \(hasFiles ? "packs" : "private pages"):",
        "\(installed.load(ordering: .relaxed)) installed, \(runs.load(ordering: .relaxed)) runs")
    }
  }
}
