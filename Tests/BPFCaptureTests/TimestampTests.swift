import TestSupport
import Testing

@testable import BPFCapture

@Suite struct TimestampTests {
  @Test("Nanoseconds are the exact quotient, rounded down, at every resolution")
  func nanoseconds() throws {
    var generator = SeededGenerator(seed: 7)
    for octet in UInt8.min...UInt8.max {
      guard let resolution = TimestampResolution(rawValue: octet) else {
        #expect(octet & 0x7f >= (octet < 0x80 ? 20 : 64))
        continue
      }
      for round in 0..<50 {
        let offset = [0, Int64.random(in: -10_000_000_000...10_000_000_000, using: &generator)][
          round % 2]
        let scale = TimestampScale(resolution, offset: offset)
        let units = UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64(round)
        let wide =
          Int128(UInt128(units) * 1_000_000_000 / UInt128(resolution.unitsPerSecond))
          + Int128(offset) * 1_000_000_000
        let offsetFits = Int64(exactly: Int128(offset) * 1_000_000_000) != nil
        #expect(scale.nanoseconds(units) == (offsetFits ? Int64(exactly: wide) : nil))
      }
    }
  }

  @Test("Units are the exact quotient, rounded down, at every resolution")
  func units() throws {
    var generator = SeededGenerator(seed: 8)
    for octet in UInt8.min...UInt8.max {
      guard let resolution = TimestampResolution(rawValue: octet) else { continue }
      for round in 0..<50 {
        let offset = [0, Int64.random(in: -9_000_000_000...9_000_000_000, using: &generator)][
          round % 2]
        let scale = TimestampScale(resolution, offset: offset)
        let time = Int64.random(in: Int64.min...Int64.max, using: &generator) >> Int64(round)
        let distance = Int128(time) - Int128(offset) * 1_000_000_000
        let expected =
          distance < 0
          ? nil
          : UInt64(
            exactly: UInt128(distance) * UInt128(resolution.unitsPerSecond) / 1_000_000_000)
        #expect(scale.units(time) == expected)
      }
    }
  }

  @Test func extremes() {
    let nanoseconds = TimestampScale(.nanoseconds)
    #expect(nanoseconds.nanoseconds(UInt64(Int64.max)) == Int64.max)
    #expect(nanoseconds.nanoseconds(UInt64(Int64.max) + 1) == nil)
    #expect(
      TimestampScale(.nanoseconds, offset: -1).nanoseconds(1 << 63) == 9_223_372_035_854_775_808)
    #expect(TimestampScale(.seconds, offset: .max).nanoseconds(0) == nil)
    #expect(TimestampScale(.seconds).nanoseconds(.max) == nil)
  }
}
