import BPFISA
import Testing

@testable import BPFVerifier

/// Every operation and every refinement on scalars of 4 bits keeps every number it must.
@Suite struct ScalarTests {
  private static let all = Elements.scalars(Word4.self, mixed: 300)
  /// Each scalar's numbers.
  private static let members = all.map { scalar in Word4.all.filter(scalar.contains) }
  #if DEBUG
  private static let step = 23
  #else
  private static let step = 1
  #endif

  private static func value(_ operation: ArithmeticOperation, _ a: Word4, _ b: Word4) -> Word4 {
    result(operation, a, b)
  }

  private static func result<W: SmallWord>(_ operation: ArithmeticOperation, _ a: W, _ b: W) -> W {
    let count = Int(b.raw) % W.bitWidth
    switch operation {
    case .add: return a &+ b
    case .subtract: return a &- b
    case .multiply: return a &* b
    case .divide: return b.raw == 0 ? b : W(raw: a.raw / b.raw)
    case .modulo: return b.raw == 0 ? a : W(raw: a.raw % b.raw)
    case .signedDivide: return b.raw == 0 ? b : W(signed: a.signed / b.signed)
    case .signedModulo: return b.raw == 0 ? a : W(signed: a.signed % b.signed)
    case .and: return a & b
    case .or: return a | b
    case .xor: return a ^ b
    case .move: return b
    case .shiftLeft: return W(truncating: a.bits << UInt64(count))
    case .shiftRight: return W(raw: a.raw >> UInt8(count))
    case .arithmeticShiftRight: return W(signed: a.signed >> Int64(count))
    }
  }

  @Test func `a scalar of one number knows it`() {
    for (scalar, members) in zip(Self.all, Self.members) {
      if let constant = scalar.constant { #expect(members == [constant]) }
      if scalar.range.isConstant { #expect(scalar.constant == scalar.range.minimum) }
    }
  }

  @Test(arguments: ArithmeticOperation.allCases)
  func `operations keep every result`(_ operation: ArithmeticOperation) {
    for index in Self.all.indices {
      var other = index % Self.step
      while other < Self.all.count {
        let whole = Scalar.apply(operation, Self.all[index], Self.all[other])
        let half = Scalar.applyToHalves(operation, Self.all[index], Self.all[other])
        for first in Self.members[index] {
          for second in Self.members[other] {
            let result = Self.value(operation, first, second)
            let low = Self.result(operation, Word2(raw: first.raw & 3), Word2(raw: second.raw & 3))
            if !whole.contains(result) || !half.contains(Word4(raw: low.raw)) {
              Issue.record(
                "\(operation) \(first) \(second): \(Self.all[index]) \(Self.all[other]) \(whole)")
              return
            }
          }
        }
        other += Self.step
      }
    }
  }

  @Test(arguments: Condition.allCases)
  func `refinements keep every pair that is so related`(_ condition: Condition) {
    for isTaken in [true, false] {
      let relation = Relation(condition, isTaken: isTaken)
      for index in Self.all.indices {
        var other = index % Self.step
        while other < Self.all.count {
          let whole = Scalar.refine(Self.all[index], Self.all[other], relation)
          let half = Scalar.refineHalves(Self.all[index], Self.all[other], relation)
          for first in Self.members[index] {
            for second in Self.members[other] {
              if relation.holds(first, second) {
                let isKept =
                  whole?.left.contains(first) == true && whole?.right.contains(second) == true
                #expect(isKept, "\(relation) \(first) \(second)")
              }
              if relation.holds(Word2(raw: first.raw & 3), Word2(raw: second.raw & 3)) {
                let isKept =
                  half?.left.contains(first) == true && half?.right.contains(second) == true
                #expect(isKept, "\(relation) halves \(first) \(second)")
              }
            }
          }
          other += Self.step
        }
      }
    }
  }

  @Test func `extensions and negations`() {
    for scalar in Elements.scalars(Word6.self, mixed: 2000) {
      let members = Word6.all.filter(scalar.contains)
      let negated = scalar.negated
      #expect(members.allSatisfy { negated.contains(Word6(raw: 0) &- $0) })
      for count in 1...6 {
        let zero = scalar.zeroExtended(fromBits: count)
        let sign = scalar.signExtended(fromBits: count)
        let above = 6 - count
        for word in members {
          #expect(zero.contains(Word6(truncating: word.bits & (1 << UInt64(count) - 1))))
          let extended = Word6(
            signed: Word6(truncating: word.bits << UInt64(above)).signed >> Int64(above))
          #expect(sign.contains(extended), "\(scalar) \(word) \(count)")
        }
      }
      for count in 1...3 {
        let half = scalar.halfSignExtended(fromBits: count)
        let above = 3 - count
        for word in members {
          let low = Word3(
            signed: Word3(truncating: word.bits << UInt64(above)).signed >> Int64(above))
          #expect(half.contains(Word6(raw: low.raw)))
        }
      }
    }
  }

  @Test func `unions, intersections and inclusion`() {
    for index in stride(from: 0, to: Self.all.count, by: 3) {
      for other in Self.all.indices {
        let left = Self.all[index]
        let right = Self.all[other]
        let union = left.union(right)
        let both = left.intersection(right)
        #expect(union.contains(left) && union.contains(right))
        for word in Word4.all {
          if left.contains(word) || right.contains(word) { #expect(union.contains(word)) }
          if left.contains(word), right.contains(word) { #expect(both?.contains(word) == true) }
        }
        if left.contains(right) {
          #expect(Self.members[other].allSatisfy(left.contains))
        }
      }
    }
  }
}
