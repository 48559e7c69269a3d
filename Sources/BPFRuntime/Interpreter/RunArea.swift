import BPFRewriter

/// The memory of a running program that its code addresses by displacements from the frame pointer.
///
/// It begins at a multiple of its size, so that code finds the header from any frame pointer by clearing low bits. Each
/// function has 64 bytes that passes use and 512 of its own, which end at its frame pointer; from there on is what it
/// needs to return, which no program reaches. The registers come after the last function's.
///
///     0      64                     64 + 576      64 + 640
///     header | passes', then stack  | FrameRecord | passes', …
@safe
struct RunArea {
  static let size = TargetABI.areaSize
  /// 8 functions of a program, and as many as there are below each of 33 tail calls.
  static let maximumFrames =
    framesOfProgram + CheckedMachine.maximumTailCalls * (framesOfProgram - 1)
  private static let framesOfProgram = CheckedMachine.maximumFrames
  /// From one function's frame pointer to the next one's.
  static let frameStride = TargetABI.frameStride
  /// The distance of the outermost function's frame pointer from the area's beginning.
  private static let firstFramePointer = TargetABI.headerSize + TargetABI.frameSize
  private static let registersOffset = TargetABI.headerSize + maximumFrames * frameStride
  private static let registerCount = 16

  let base: UnsafeMutableRawPointer

  /// Memory for an area: zeros, of which the system provides what is touched.
  static func reserve() -> MappedMemory {
    guard let memory = MappedMemory(count: 2 * size) else {
      preconditionFailure("the system has no address space for a stack of \(size) bytes")
    }
    return memory
  }

  /// The area in memory that was reserved for it, which has to live as long.
  init(in memory: borrowing MappedMemory) {
    precondition(
      unsafe Self.registersOffset + 8 * Self.registerCount <= Self.size
        && MemoryLayout<FrameRecord>.stride == TargetABI.frameRecordSize,
      "a run area holds all its parts")
    unsafe base = memory.base.alignedUp(toMultipleOf: Self.size)
  }

  // SAFETY: all of these places lie in the area.

  /// The number of the worker, where rewritten programs read it.
  var worker: Int {
    get { unsafe base.load(fromByteOffset: Int(TargetABI.workerOffset), as: Int.self) }
    nonmutating set {
      unsafe base.storeBytes(of: newValue, toByteOffset: Int(TargetABI.workerOffset), as: Int.self)
    }
  }

  var registers: RegisterFile { unsafe RegisterFile(base: base + Self.registersOffset) }

  /// The frame pointer of the function at a depth, as a program's address.
  func framePointer(_ depth: Int) -> UInt64 {
    unsafe UInt64(UInt(bitPattern: base + Self.firstFramePointer + depth * Self.frameStride))
  }

  /// The frame pointer of the innermost function that a program may have whose first one has a frame pointer.
  static func lastFramePointer(after first: UInt64) -> UInt64 {
    first &+ UInt64((framesOfProgram - 1) * frameStride)
  }

  /// Whether a program may begin at a frame pointer: there is room for all its functions.
  func hasRoom(for framePointer: UInt64) -> Bool {
    depth(framePointer) + Self.framesOfProgram <= Self.maximumFrames
  }

  /// How deep the function is that has a frame pointer.
  func depth(_ framePointer: UInt64) -> Int {
    Int(framePointer &- self.framePointer(0)) / Self.frameStride
  }

  @unsafe
  func record(_ depth: Int) -> UnsafeMutablePointer<FrameRecord> {
    unsafe FrameRecord.of(framePointer(depth))
  }
}

/// What a function needs to return, at its frame pointer.
@unsafe
struct FrameRecord {
  /// The instruction its caller goes on with.
  var next: UnsafeMutablePointer<BoundInstruction>
  /// The caller's r6 to r9.
  var saved: (UInt64, UInt64, UInt64, UInt64)
  /// What a callback is given that is kept nowhere else: the key of an array's element, the dynptr of a sample.
  var argument: (UInt64, UInt64)
  private var padding: UInt64

  init(next: UnsafeMutablePointer<BoundInstruction>) {
    unsafe self.next = next
    unsafe saved = (0, 0, 0, 0)
    unsafe argument = (0, 0)
    unsafe padding = 0
  }

  static let argumentOffset = 40

  /// The record at a frame pointer of a run area.
  @inline(__always)
  static func of(_ framePointer: UInt64) -> UnsafeMutablePointer<FrameRecord> {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(framePointer)).unsafelyUnwrapped
      .assumingMemoryBound(to: FrameRecord.self)
  }
}

/// The registers of a running program: r0 to r10, and room for all numbers that an instruction's fields can hold.
@safe
struct RegisterFile {
  private let values: UnsafeMutablePointer<UInt64>

  @unsafe
  init(base: UnsafeMutableRawPointer) {
    unsafe values = base.assumingMemoryBound(to: UInt64.self)
  }

  // SAFETY: there are 16 registers, and a decoded register is less.

  @inline(__always)
  subscript(_ number: UInt8) -> UInt64 {
    get { unsafe values[Int(truncatingIfNeeded: number)] }
    nonmutating set { unsafe values[Int(truncatingIfNeeded: number)] = newValue }
  }

  @unsafe
  func address(_ number: UInt8) -> UnsafeMutablePointer<UInt64> { unsafe values + Int(number) }

  /// The lower half of a register; writing it makes the upper half zero (RFC 9669 section 4.1).
  @inline(__always)
  subscript(low number: UInt8) -> UInt32 {
    get { UInt32(truncatingIfNeeded: self[number]) }
    nonmutating set { self[number] = UInt64(newValue) }
  }

  /// Adds the lower half of a constant, sign-extended; what the register became.
  @inline(__always)
  func increase(_ number: UInt8, _ constant: UInt64) -> UInt64 {
    let sum = self[number] &+ UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: constant)))
    self[number] = sum
    return sum
  }

  @inline(__always)
  func increaseLow(_ number: UInt8, _ constant: UInt64) -> UInt32 {
    let sum = self[low: number] &+ UInt32(truncatingIfNeeded: constant)
    self[low: number] = sum
    return sum
  }

  @inline(__always)
  subscript(signed number: UInt8) -> Int64 {
    get { Int64(bitPattern: self[number]) }
    nonmutating set { self[number] = UInt64(bitPattern: newValue) }
  }

  @inline(__always)
  subscript(signedLow number: UInt8) -> Int32 {
    get { Int32(truncatingIfNeeded: self[number]) }
    nonmutating set { self[low: number] = UInt32(bitPattern: newValue) }
  }
}
