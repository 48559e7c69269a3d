/// Where compiled code is entered: the address of a C function of `r1`, `r2` and the frame pointer.
@safe
struct NativeEntry: Sendable {
  private typealias Function = @convention(c) (UInt64, UInt64, UInt64) -> UInt64

  private let function: Function

  /// SAFETY: there is such a function at the address, for as long as this is used.
  @unsafe
  init(_ address: UInt) { unsafe function = unsafeBitCast(address, to: Function.self) }

  /// Runs the program; what it returns.
  ///
  /// SAFETY: the frame pointer is one of a run area that is ready for the program, and the program was proved safe with its
  /// arguments.
  @inline(__always)
  @unsafe
  func callAsFunction(_ r1: UInt64, _ r2: UInt64, framePointer: UInt64) -> UInt64 {
    function(r1, r2, framePointer)
  }
}

/// A function of a compiled program that helpers call.
@safe
struct NativeCallback {
  private typealias Function =
    @convention(c) (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) -> UInt64

  private let function: Function
  /// That of the function that waits.
  private let framePointer: UInt64

  /// Nil where the address is 0.
  ///
  /// SAFETY: else there is a program's entry for helpers at the address.
  @unsafe
  init?(_ address: UInt64, framePointer: UInt64) {
    guard address != 0 else { return nil }
    unsafe function = unsafeBitCast(UInt(address), to: Function.self)
    self.framePointer = framePointer
  }

  @inline(__always)
  func callAsFunction(_ r1: UInt64, _ r2: UInt64, _ r3: UInt64 = 0, _ r4: UInt64 = 0) -> UInt64 {
    function(r1, r2, r3, r4, 0, framePointer)
  }
}
