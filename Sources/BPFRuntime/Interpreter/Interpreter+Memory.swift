import BPFISA

// What the interpreter's loop does with memory, inlined into it, and what it leaves to functions.
//
// SAFETY (whole file): addresses are those of memory that the program was proved to have.
extension Interpreter {
  /// The instruction that runs. Its parts are read where an instruction needs them: the way from one to the next is as short
  /// as most instructions are.
  @safe
  struct Fetched {
    private let instruction: InterpreterMachine.Next

    @inline(__always)
    @unsafe
    init(_ next: InterpreterMachine.Next) { unsafe instruction = next }

    @inline(__always) var opcode: BoundInstruction.Opcode { unsafe instruction.pointee.opcode }
    /// The destination.
    @inline(__always) var d: UInt8 { unsafe instruction.pointee.destination }
    /// The source.
    @inline(__always) var s: UInt8 { unsafe instruction.pointee.source }
    /// The third register.
    @inline(__always) var o: UInt8 { unsafe instruction.pointee.operand }
    /// The constant.
    @inline(__always) var k: UInt64 { unsafe instruction.pointee.immediate }
    @inline(__always) var offset: Int { unsafe Int(instruction.pointee.offset) }
  }

  @inline(never)
  @unsafe
  static func callHost(_ helper: UInt64, _ frame: ExecutionFrame, _ r: RegisterFile)
    -> UInt64
  {
    // SAFETY: the program that the instruction is of keeps the helper.
    guard let bits = unsafe hostPointer(helper) else { return 0 }
    return unsafe Unmanaged<BoundHelper>.fromOpaque(bits)._withUnsafeGuaranteedRef {
      unsafe $0.helper.call(r[1], r[2], r[3], r[4], r[5], in: frame)
    }
  }

  /// The place of an instruction as a number.
  @inline(__always)
  @unsafe
  static func position(_ next: InterpreterMachine.Next) -> Int { Int(bitPattern: next) }

  @inline(__always)
  @unsafe
  static func moved(
    _ next: InterpreterMachine.Next, _ distance: Int
  ) -> InterpreterMachine.Next {
    unsafe (UnsafeMutableRawPointer(next) + distance)
      .assumingMemoryBound(to: BoundInstruction.self)
  }

  @inline(__always)
  @unsafe
  static func address(_ base: UInt64, _ displacement: Int) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(base) &+ UInt(bitPattern: displacement))
      .unsafelyUnwrapped
  }

  @inline(__always)
  @unsafe
  static func load<Word: BitwiseCopyable>(
    _ type: Word.Type, _ base: UInt64, _ displacement: Int
  ) -> Word {
    unsafe address(base, displacement).loadUnaligned(as: type)
  }

  @inline(__always)
  @unsafe
  static func store<Word: BitwiseCopyable>(
    _ value: Word, _ base: UInt64, _ displacement: Int
  ) {
    unsafe address(base, displacement).storeBytes(of: value, as: Word.self)
  }

  @inline(never)
  @unsafe
  static func modify(
    _ pointer: UnsafeMutableRawPointer, size: Int, _ operation: UInt64, _ r: RegisterFile,
    _ source: UInt8
  ) {
    guard let operation = AtomicOperation(rawValue: UInt8(truncatingIfNeeded: operation)) else {
      preconditionFailure("an atomic instruction is bound with its operation")
    }
    unsafe AtomicAccess.modify(
      pointer, size: size, operation, source: r.address(source), r0: r.address(0))
  }

  /// Goes past the instruction that was done together with the one before it.
  @inline(__always)
  @unsafe
  static func passing<Value>(_ next: inout InterpreterMachine.Next, _ value: Value) -> Value {
    unsafe next += 1
    return value
  }
}
