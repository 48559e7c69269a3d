import BPFISA

// The memory accesses of the interpreter's loop, inlined into it. Plain memory and the stack are settled here; the
// rest (contexts, map values of several, whatever faults) is the machine's.
extension CheckedInterpreter {
  /// A load from plain memory or the stack, or nil where the machine has to look.
  @inline(__always)
  static func plainLoad<Word: BitwiseCopyable>(
    _ type: Word.Type, _ address: UInt64, _ regions: UnsafeMutablePointer<Region>,
    _ regionCount: Int
  ) -> Word? {
    let size = MemoryLayout<Word>.size
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    let end = offset &+ UInt64(size)
    guard number < regionCount else { return nil }
    let region = unsafe regions + number
    let pointer = unsafe region.pointee.base + Int(truncatingIfNeeded: offset)
    if unsafe end <= region.pointee.readable { return unsafe pointer.loadUnaligned(as: type) }
    guard unsafe end <= region.pointee.stackBytes,
      unsafe holdsSomething(pointer + CheckedMachine.shadowDistance, type)
    else { return nil }
    return unsafe pointer.loadUnaligned(as: type)
  }

  @inline(__always)
  static func load<Word: BitwiseCopyable>(
    _ type: Word.Type, _ address: UInt64, _ machine: CheckedMachine,
    _ regions: UnsafeMutablePointer<Region>, _ regionCount: Int
  ) -> Word? {
    if let value = unsafe plainLoad(type, address, regions, regionCount) { return value }
    return unsafe machine.resolve(address, MemoryLayout<Word>.size, isWrite: false)?
      .loadUnaligned(as: type)
  }

  /// A load of 32 bits. A packet's bound, of which the program's view of the context has 32, comes with all 64.
  @inline(__always)
  static func loadWord(
    _ address: UInt64, _ machine: CheckedMachine, _ regions: UnsafeMutablePointer<Region>,
    _ regionCount: Int
  ) -> UInt64? {
    if let value = unsafe plainLoad(UInt32.self, address, regions, regionCount) {
      return UInt64(value)
    }
    guard let pointer = unsafe machine.resolve(address, 4, isWrite: false) else { return nil }
    if unsafe pointer == UnsafeMutableRawPointer(machine.scratch) {
      return unsafe machine.scratch.pointee
    }
    return unsafe UInt64(pointer.loadUnaligned(as: UInt32.self))
  }

  /// Whether every byte of a stack word was written.
  @inline(__always)
  static func holdsSomething<Word>(
    _ shadow: UnsafeMutableRawPointer, _ type: Word.Type
  ) -> Bool {
    switch MemoryLayout<Word>.size {
    case 1: unsafe shadow.load(as: UInt8.self) == .max
    case 2: unsafe shadow.loadUnaligned(as: UInt16.self) == .max
    case 4: unsafe shadow.loadUnaligned(as: UInt32.self) == .max
    default: unsafe shadow.loadUnaligned(as: UInt64.self) == .max
    }
  }

  @inline(__always)
  static func store<Word: FixedWidthInteger & BitwiseCopyable>(
    _ value: Word, _ address: UInt64, _ machine: CheckedMachine,
    _ regions: UnsafeMutablePointer<Region>, _ regionCount: Int
  ) -> Bool {
    let size = MemoryLayout<Word>.size
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    let end = offset &+ UInt64(size)
    if number < regionCount {
      let region = unsafe regions + number
      let pointer = unsafe region.pointee.base + Int(truncatingIfNeeded: offset)
      if unsafe end <= region.pointee.writable {
        unsafe pointer.storeBytes(of: value, as: Word.self)
        return true
      }
      if unsafe end <= region.pointee.stackBytes {
        unsafe pointer.storeBytes(of: value, as: Word.self)
        unsafe (pointer + CheckedMachine.shadowDistance).storeBytes(
          of: ~(0 as Word), as: Word.self)
        unsafe region.pointee.isDirty = true
        return true
      }
    }
    guard let pointer = unsafe machine.resolve(address, size, isWrite: true) else { return false }
    unsafe pointer.storeBytes(of: value, as: Word.self)
    if machine.shortWrite != nil { machine.settleShortWrite() }
    return true
  }
}
