import BPFISA
import Synchronization

/// Atomic, acquiring and releasing accesses (RFC 9669 section 5.3; load-acquire and store-release since Linux 6.15), as both
/// interpreters do them.
///
/// SAFETY: a pointer addresses as many bytes as the size beside it says, aligned to it, that the program may access so.
@unsafe
enum AtomicAccess {
  static func load(_ pointer: UnsafeMutableRawPointer, size: Int) -> UInt64 {
    switch size {
    case 1: unsafe UInt64(cell(UInt8.self, pointer).pointee.load(ordering: .acquiring))
    case 2: unsafe UInt64(cell(UInt16.self, pointer).pointee.load(ordering: .acquiring))
    case 4: unsafe UInt64(cell(UInt32.self, pointer).pointee.load(ordering: .acquiring))
    default: unsafe cell(UInt64.self, pointer).pointee.load(ordering: .acquiring)
    }
  }

  static func store(_ value: UInt64, _ pointer: UnsafeMutableRawPointer, size: Int) {
    switch size {
    case 1:
      unsafe cell(UInt8.self, pointer).pointee
        .store(UInt8(truncatingIfNeeded: value), ordering: .releasing)
    case 2:
      unsafe cell(UInt16.self, pointer).pointee
        .store(UInt16(truncatingIfNeeded: value), ordering: .releasing)
    case 4:
      unsafe cell(UInt32.self, pointer).pointee
        .store(UInt32(truncatingIfNeeded: value), ordering: .releasing)
    default: unsafe cell(UInt64.self, pointer).pointee.store(value, ordering: .releasing)
    }
  }

  @inline(__always)
  static func add(_ value: UInt32, to pointer: UnsafeMutableRawPointer) {
    unsafe _ = cell(UInt32.self, pointer).pointee
      .wrappingAdd(value, ordering: .sequentiallyConsistent)
  }

  @inline(__always)
  static func add(_ value: UInt64, to pointer: UnsafeMutableRawPointer) {
    unsafe _ = cell(UInt64.self, pointer).pointee
      .wrappingAdd(value, ordering: .sequentiallyConsistent)
  }

  /// Applies an operation to 4 or 8 bytes and leaves the old value in the register where the operation wants it.
  @inline(never)
  static func modify(
    _ pointer: UnsafeMutableRawPointer, size: Int, _ operation: AtomicOperation,
    source: UnsafeMutablePointer<UInt64>, r0: UnsafeMutablePointer<UInt64>
  ) {
    if size == 8 {
      unsafe modify(cell(UInt64.self, pointer), operation, source, r0)
    } else {
      unsafe modify(cell(UInt32.self, pointer), operation, source, r0)
    }
  }

  private static func modify<Word: AtomicWord>(
    _ cell: UnsafeMutablePointer<Atomic<Word>>, _ operation: AtomicOperation,
    _ source: UnsafeMutablePointer<UInt64>, _ r0: UnsafeMutablePointer<UInt64>
  ) {
    let operand = unsafe Word(truncatingIfNeeded: source.pointee)
    let expected = unsafe Word(truncatingIfNeeded: r0.pointee)
    // A first guess; the exchange says what memory held.
    var old: Word = 0
    while true {
      let new: Word =
        switch operation {
        case .add, .fetchAdd: old &+ operand
        case .or, .fetchOr: old | operand
        case .and, .fetchAnd: old & operand
        case .xor, .fetchXor: old ^ operand
        case .exchange: operand
        case .compareExchange: old == expected ? operand : old
        }
      let result = unsafe Word.exchange(cell, expected: old, desired: new)
      if result.exchanged { break }
      old = result.original
    }
    switch operation {
    case .add, .or, .and, .xor: break
    case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange:
      unsafe source.pointee = UInt64(truncatingIfNeeded: old)
    case .compareExchange: unsafe r0.pointee = UInt64(truncatingIfNeeded: old)
    }
  }

  @inline(__always)
  private static func cell<Word>(
    _ type: Word.Type, _ pointer: UnsafeMutableRawPointer
  ) -> UnsafeMutablePointer<Atomic<Word>> {
    unsafe pointer.assumingMemoryBound(to: Atomic<Word>.self)
  }
}

/// The words read-modify-write instructions work on. `Atomic` declares its operations for each width alone.
private protocol AtomicWord: FixedWidthInteger, UnsignedInteger, AtomicRepresentable {
  @unsafe static func exchange(
    _ cell: UnsafeMutablePointer<Atomic<Self>>, expected: Self, desired: Self
  ) -> (exchanged: Bool, original: Self)
}

extension UInt32: AtomicWord {
  @unsafe fileprivate static func exchange(
    _ cell: UnsafeMutablePointer<Atomic<UInt32>>, expected: UInt32, desired: UInt32
  ) -> (exchanged: Bool, original: UInt32) {
    unsafe cell.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .sequentiallyConsistent)
  }
}

extension UInt64: AtomicWord {
  @unsafe fileprivate static func exchange(
    _ cell: UnsafeMutablePointer<Atomic<UInt64>>, expected: UInt64, desired: UInt64
  ) -> (exchanged: Bool, original: UInt64) {
    unsafe cell.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .sequentiallyConsistent)
  }
}
