import BPFPlatform

/// The values of an `array` or `percpu_array`: all there from the start, at index times stride.
///
/// Lookups and updates take no lock, as the kernel's: what two threads write to one value at once may mix.
@safe
final class ArrayTable: @unchecked Sendable {
  // `@unchecked`: nothing here changes but the values' bytes, which programs share by intent.
  private let memory: MappedMemory
  let slots: ValueSlots
  let count: Int
  private let layout: ValueLayout?
  /// Where in a value its spin lock is; nil where it has none.
  let lockOffset: Int?
  /// The elements planned, a multiple of 8 of at least `count`.
  private let capacity: Int

  /// - Throws: ``MapErrno`` where the memory is over the limit or not to be had.
  init(
    count: Int, valueSize: Int, workers: Int?, layout: ValueLayout? = nil, lockOffset: Int? = nil,
    limits: MapLimits
  ) throws(MapMemoryRefusal) {
    guard
      let places = ArrayLayout(count: count, valueSize: valueSize, isPerWorker: workers != nil)
    else { throw .overLimit(limits.maximumBytes) }
    var plan = MemoryLayoutPlan()
    capacity = places.capacity
    _ = plan.add(capacity, stride: places.stride)
    for _ in 1..<max(workers ?? 1, 1) { _ = plan.add(capacity, stride: places.stride) }
    memory = try MappedMemory(plan, limits: limits)
    self.count = count
    self.lockOffset = lockOffset
    unsafe slots = ValueSlots(
      base: memory.base, valueSize: valueSize, stride: places.stride,
      workerStride: places.workerStride, workers: workers ?? 1,
      layout: layout.map(Unmanaged.passUnretained))
    self.layout = layout
  }

  /// The number of slots from ``ValueSlots/base`` on, every worker's.
  var slotCount: Int { slots.isPerWorker ? capacity * slots.workers : capacity }

  @unsafe
  @inline(__always)
  func lookup(_ key: UnsafeRawPointer, worker: Int) -> UnsafeMutableRawPointer? {
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    guard index < count else { return nil }
    return unsafe slots.address(index, worker: worker)
  }

  @unsafe
  @inline(__always)
  func update(_ key: UnsafeRawPointer, _ value: NewValue, flags: UInt64) -> MapErrno? {
    // Unknown flags come first, then the index, then what the flags ask, as in the kernel. The lock's flag is unknown
    // only where the host updates a per-CPU array: a program does it through the code for plain arrays.
    let knowsLock: Bool = if case .all = unsafe value { !slots.isPerWorker } else { true }
    let isLocking = knowsLock && flags & MapUpdateFlags.lock.rawValue != 0
    let plain = knowsLock ? flags & ~MapUpdateFlags.lock.rawValue : flags
    guard plain <= MapUpdateFlags.exist.rawValue else { return .invalidArgument }
    let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
    guard index < count else { return .tooBig }
    if plain == MapUpdateFlags.noExist.rawValue { return .exists }
    if isLocking {
      guard let lockOffset else { return .invalidArgument }
      unsafe ValueLock.withLock(slots.address(index, worker: 0) + lockOffset) {
        unsafe slots.write(value, to: index)
      }
    } else {
      unsafe slots.write(value, to: index)
    }
    // The kernel too ends the timer of a value that is written over (`bpf_obj_free_fields`).
    if let layout, !slots.isPerWorker {
      unsafe layout.clearOwned(slots.address(index, worker: 0))
    }
    return nil
  }

  /// The key after another, as the kernel walks arrays: 0 after a key that is out of range.
  static func nextKey(after key: UInt32?, count: Int) -> UInt32? {
    guard let key, Int(key) < count else { return count > 0 ? 0 : nil }
    return Int(key) == count - 1 ? nil : key + 1
  }
}
