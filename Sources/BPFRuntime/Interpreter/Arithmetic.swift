// Arithmetic as RFC 9669 section 4.1 defines it where Swift's operators differ, inlined into the interpreter's loop.

@inline(__always)
func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }

/// The upper half, sign-extended.
@inline(__always)
func high(_ value: UInt64) -> UInt64 { UInt64(bitPattern: Int64(bitPattern: value) &>> 32) }

@inline(__always)
func signed(_ value: UInt64) -> Int64 { Int64(bitPattern: value) }

@inline(__always)
func signed(_ value: UInt32) -> Int32 { Int32(bitPattern: value) }

/// Division by zero gives 0.
@inline(__always)
func quotient<Word: UnsignedInteger & FixedWidthInteger>(_ left: Word, _ right: Word)
  -> Word
{
  right == 0 ? 0 : left / right
}

/// Modulo zero leaves the left operand.
@inline(__always)
func remainder<Word: UnsignedInteger & FixedWidthInteger>(_ left: Word, _ right: Word)
  -> Word
{
  right == 0 ? left : left % right
}

/// The smallest number divided by -1 wraps to itself.
@inline(__always)
func signedQuotient(_ left: UInt64, _ right: UInt64) -> UInt64 {
  right == 0
    ? 0 : UInt64(bitPattern: signed(left).dividedReportingOverflow(by: signed(right)).partialValue)
}

@inline(__always)
func signedQuotient(_ left: UInt32, _ right: UInt32) -> UInt32 {
  right == 0
    ? 0 : UInt32(bitPattern: signed(left).dividedReportingOverflow(by: signed(right)).partialValue)
}

/// The smallest number modulo -1 is 0.
@inline(__always)
func signedRemainder(_ left: UInt64, _ right: UInt64) -> UInt64 {
  right == 0
    ? left
    : UInt64(
      bitPattern: signed(left).remainderReportingOverflow(dividingBy: signed(right)).partialValue)
}

@inline(__always)
func signedRemainder(_ left: UInt32, _ right: UInt32) -> UInt32 {
  right == 0
    ? left
    : UInt32(
      bitPattern: signed(left).remainderReportingOverflow(dividingBy: signed(right)).partialValue)
}
