@testable import BPFVerifier
import Testing

/// Every operation of every pair of tnums of 4 bits has every result of the numbers they stand for.
@Suite struct TnumTests {
  private static let all = Elements.tnums(Word4.self)

  private func members<W: SmallWord>(_ tnum: Tnum<W>) -> [W] { W.all.filter(tnum.contains) }

  @Test func `binary operations`() {
    for left in Self.all {
      for right in Self.all {
        let sum = left + right
        let difference = left - right
        let product = left * right
        let and = left & right
        let or = left | right
        let xor = left ^ right
        let union = left.union(right)
        let intersection = left.intersection(right)
        var common = 0
        for first in members(left) {
          #expect(union.contains(first))
          if right.contains(first) {
            common += 1
            #expect(intersection?.contains(first) == true)
          }
          for second in members(right) {
            let holds =
              sum.contains(first &+ second) && difference.contains(first &- second)
              && product.contains(first &* second) && and.contains(first & second)
              && or.contains(first | second) && xor.contains(first ^ second)
            #expect(holds, "\(left) \(right) \(first) \(second)")
          }
        }
        #expect((intersection == nil) == (common == 0))
        #expect(left.contains(right) == members(right).allSatisfy(left.contains))
      }
    }
  }

  @Test func `sums, differences and bitwise operations are the best there are`() {
    for left in Self.all {
      for right in Self.all {
        for (result, operation) in [
          (left + right, { (a: Word4, b: Word4) in a &+ b }), (left - right, { $0 &- $1 }),
          (left & right, { $0 & $1 }), (left | right, { $0 | $1 }), (left ^ right, { $0 ^ $1 }),
        ] {
          var best: Tnum<Word4>?
          for first in members(left) {
            for second in members(right) {
              let one = Tnum(operation(first, second))
              best = best?.union(one) ?? one
            }
          }
          #expect(result == best)
        }
      }
    }
  }

  @Test func `unary operations and shifts`() {
    for tnum in Elements.tnums(Word6.self) {
      for count in 0..<6 {
        let left = tnum.shiftedLeft(count)
        let right = tnum.shiftedRight(count)
        let arithmetic = tnum.arithmeticShiftedRight(count)
        let zero = tnum.zeroExtended(fromBits: count + 1)
        let sign = tnum.signExtended(fromBits: count + 1)
        for word in members(tnum) {
          #expect(left.contains(word.shiftedLeft(count)))
          #expect(right.contains(word.shiftedRight(count)))
          #expect(arithmetic.contains(word.arithmeticShiftedRight(count)))
          #expect(zero.contains(word & Word6.allOnes.shiftedRight(5 - count)))
          let above = 5 - count
          #expect(sign.contains(word.shiftedLeft(above).arithmeticShiftedRight(above)))
        }
      }
    }
  }

  @Test func `members from a bound and up to one`() {
    for tnum in Elements.tnums(Word6.self) {
      let all = members(tnum)
      for bound in Word6.all {
        #expect(tnum.least(from: bound) == all.first { $0 >= bound }, "\(tnum) \(bound)")
        #expect(tnum.greatest(upTo: bound) == all.last { $0 <= bound }, "\(tnum) \(bound)")
      }
    }
    for low in Word6.all {
      for high in Word6.all where low <= high {
        let range = Tnum.range(low, high)
        #expect(Word6.all.allSatisfy { $0 < low || $0 > high || range.contains($0) })
      }
    }
  }
}
