import BPFPlatform

/// The parts of a value that updates and copies leave alone: its lock, its timer, its pointers to kernel objects.
///
/// ``ValueSlots`` has one only where there are such parts, so that plain values are copied at once.
final class ValueLayout: Sendable {
  /// Where the parts are, in bytes, by rising offset; none overlaps another.
  let fields: [Range<Int>]
  /// Those of ``fields`` that stand for something the value owns, which an array's update ends: all but locks.
  private let owned: [Range<Int>]
  /// Where the value's `struct bpf_spin_lock` is.
  let lockOffset: Int?

  /// - Returns: nil for values without such parts.
  init?(_ spec: MapSpec) {
    guard !spec.specialFields.isEmpty else { return nil }
    fields = spec.specialFields.map { $0.offset..<$0.offset + $0.kind.size }
      .sorted { $0.lowerBound < $1.lowerBound }
    owned = spec.specialFields.filter { $0.kind != .spinLock && $0.kind != .referenceCount }
      .map { $0.offset..<$0.offset + $0.kind.size }
    lockOffset = spec.specialFields.first { $0.kind == .spinLock }?.offset
  }

  // SAFETY: callers pass pointers to at least `count` bytes; the fields lie in a value (``MapSpec/checkSpecialFields()``),
  // of which `count` is the size or the padded size.

  /// Copies what is between the fields.
  @unsafe
  func copy(to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, count: Int) {
    var start = 0
    for field in fields {
      if field.lowerBound > start {
        unsafe copyValue(
          to: target + start, from: source + start, count: field.lowerBound - start)
      }
      start = field.upperBound
    }
    if count > start {
      unsafe copyValue(to: target + start, from: source + start, count: count - start)
    }
  }

  /// Ends what the value owns, as its timer.
  @unsafe
  func clearOwned(_ value: UnsafeMutableRawPointer) {
    for field in owned {
      unsafe UnsafeMutableRawBufferPointer(start: value + field.lowerBound, count: field.count)
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
  }

  /// Makes all fields zero.
  @unsafe
  func clear(_ value: UnsafeMutableRawPointer) {
    for field in fields {
      unsafe UnsafeMutableRawBufferPointer(start: value + field.lowerBound, count: field.count)
        .initializeMemory(as: UInt8.self, repeating: 0)
    }
  }
}
