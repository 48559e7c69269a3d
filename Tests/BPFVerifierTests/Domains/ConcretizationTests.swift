import BPFISA
import Foundation
import TestSupport
import Testing

@testable import BPFVerifier

/// At the width of programs: numbers that scalars stand for stay among those that results stand for.
///
/// `BPFKIT_DOMAIN_CASES` says how many pairs of scalars are tried, each with 60 operations.
@Suite struct ConcretizationTests {
  private static let cases =
    ProcessInfo.processInfo.environment["BPFKIT_DOMAIN_CASES"].flatMap(Int.init) ?? usualCases
  #if DEBUG
  private static let usualCases = 1_000
  #else
  private static let usualCases = 10_000
  #endif

  /// A number, and a scalar that stands for it and for others.
  private struct Sample {
    let number: UInt64
    let scalar: Number

    init(_ generator: inout SeededGenerator) {
      let number = generator.value()
      self.number = number
      var bits = Tnum<UInt64>.unknown
      var range = NumberRange<UInt64>.full
      var low = NumberRange<UInt32>.full
      if generator.below(2) == 0 { bits = Tnum(value: number, mask: generator.value()) }
      if generator.below(2) == 0 { range = Self.bounds(number, &generator) }
      if generator.below(3) == 0 {
        low = Self.bounds(UInt32(truncatingIfNeeded: number), &generator)
      }
      // What contains a number is never contradictory.
      scalar = Number.deduced(bits: bits, range: range, low: low) ?? Number(0)
    }

    /// Bounds around a number, unsigned and signed.
    private static func bounds<W: Word & FixedWidthInteger & UnsignedInteger>(
      _ number: W, _ generator: inout SeededGenerator
    ) -> NumberRange<W> {
      let below = W(truncatingIfNeeded: generator.value()) >> W(generator.below(W.bitWidth))
      let above = W(truncatingIfNeeded: generator.value()) >> W(generator.below(W.bitWidth))
      let low = number.subtractingReportingOverflow(below)
      let high = number.addingReportingOverflow(above)
      let least = low.overflow ? 0 : low.partialValue
      let most = high.overflow ? W.max : high.partialValue
      return generator.below(2) == 0
        ? .unsigned(least, most)
        : NumberRange(0, .max, signed: .signedMinimum, .signedMaximum).intersection(
          .unsigned(least, most)) ?? .full
    }
  }

  private static func result<W: FixedWidthInteger & UnsignedInteger>(
    _ operation: ArithmeticOperation, _ a: W, _ b: W, signed: (W) -> Int64, word: (Int64) -> W
  ) -> W {
    let count = b & W(W.bitWidth - 1)
    switch operation {
    case .add: return a &+ b
    case .subtract: return a &- b
    case .multiply: return a &* b
    case .divide: return b == 0 ? 0 : a / b
    case .modulo: return b == 0 ? a : a % b
    case .signedDivide:
      return b == 0 ? 0 : word(signed(a).dividedReportingOverflow(by: signed(b)).partialValue)
    case .signedModulo:
      return b == 0
        ? a : word(signed(a).remainderReportingOverflow(dividingBy: signed(b)).partialValue)
    case .and: return a & b
    case .or: return a | b
    case .xor: return a ^ b
    case .move: return b
    case .shiftLeft: return a << count
    case .shiftRight: return a >> count
    case .arithmeticShiftRight: return word(signed(a) >> Int64(count))
    }
  }

  @Test func `numbers stay among what results stand for`() {
    var generator = SeededGenerator(seed: 64)
    for _ in 0..<Self.cases {
      let left = Sample(&generator)
      let right = Sample(&generator)
      #expect(left.scalar.contains(left.number))
      for operation in ArithmeticOperation.allCases {
        let whole = Self.result(
          operation, left.number, right.number, signed: { Int64(bitPattern: $0) },
          word: { UInt64(bitPattern: $0) })
        let half = Self.result(
          operation, UInt32(truncatingIfNeeded: left.number),
          UInt32(truncatingIfNeeded: right.number),
          signed: { Int64(Int32(bitPattern: $0)) }, word: { UInt32(truncatingIfNeeded: $0) })
        guard Number.apply(operation, left.scalar, right.scalar).contains(whole),
          Number.applyToHalves(operation, left.scalar, right.scalar).contains(UInt64(half))
        else {
          Issue.record("\(operation): \(left) \(right), \(whole) \(half)")
          return
        }
      }
      guard checkUnary(left), checkComparisons(left, right) else { return }
    }
  }

  private func checkUnary(_ sample: Sample) -> Bool {
    let number = sample.number
    let results: [(Number, UInt64)] = [
      (sample.scalar.negated, 0 &- number),
      (sample.scalar.halfNegated, UInt64(0 &- UInt32(truncatingIfNeeded: number))),
      (sample.scalar.zeroExtended(fromBits: 16), number & 0xffff),
      (sample.scalar.zeroExtended(fromBits: 32), number & 0xffff_ffff),
      (
        sample.scalar.signExtended(fromBits: 8),
        UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: number)))
      ),
      (
        sample.scalar.signExtended(fromBits: 32),
        UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: number)))
      ),
      (
        sample.scalar.halfSignExtended(fromBits: 16),
        UInt64(UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: number))))
      ),
      (sample.scalar.byteSwapped(bits: 64), number.byteSwapped),
      (
        sample.scalar.byteSwapped(bits: 32),
        UInt64(UInt32(truncatingIfNeeded: number).byteSwapped)
      ),
      (
        sample.scalar.byteSwapped(bits: 16),
        UInt64(UInt16(truncatingIfNeeded: number).byteSwapped)
      ),
    ]
    for (index, (scalar, result)) in results.enumerated() where !scalar.contains(result) {
      Issue.record("unary operation \(index): \(sample), \(result)")
      return false
    }
    return true
  }

  private func checkComparisons(_ left: Sample, _ right: Sample) -> Bool {
    let lowLeft = UInt32(truncatingIfNeeded: left.number)
    let lowRight = UInt32(truncatingIfNeeded: right.number)
    for condition in Condition.allCases {
      let isTaken = Relation(condition, isTaken: true).holds(left.number, right.number)
      let refined = Number.refine(
        left.scalar, right.scalar, Relation(condition, isTaken: isTaken))
      let isHalfTaken = Relation(condition, isTaken: true).holds(lowLeft, lowRight)
      let refinedHalves = Number.refineHalves(
        left.scalar, right.scalar, Relation(condition, isTaken: isHalfTaken))
      let keeps = refined.map { $0.left.contains(left.number) && $0.right.contains(right.number) }
      let keepsHalves = refinedHalves.map {
        $0.left.contains(left.number) && $0.right.contains(right.number)
      }
      let decided = Number.decide(condition, left.scalar, right.scalar)
      let decidedHalves = Number.decideHalves(condition, left.scalar, right.scalar)
      guard keeps == true, keepsHalves == true, decided ?? isTaken == isTaken,
        decidedHalves ?? isHalfTaken == isHalfTaken
      else {
        Issue.record("\(condition): \(left) \(right)")
        return false
      }
    }
    return true
  }
}
