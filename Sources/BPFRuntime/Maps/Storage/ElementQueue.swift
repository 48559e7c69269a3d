import Synchronization

/// The values of a `queue` or `stack`, oldest first, in a ring of slots.
///
/// All operations hold one lock, as the kernel's do.
@safe
final class ElementQueue: SpecialTable, @unchecked Sendable {
  // `@unchecked`: the bytes are touched under the lock only.
  private let memory: MappedMemory
  private let valueSize: Int
  private let capacity: Int
  private let isStack: Bool
  private let state = Mutex(State())

  /// What the lock covers, beside the values.
  private struct State {
    /// The slot of the oldest value.
    var first = 0
    var count = 0
  }

  init(
    capacity: Int, valueSize: Int, isStack: Bool, limits: MapLimits
  ) throws(MapMemoryRefusal) {
    var plan = MemoryLayoutPlan()
    _ = plan.add(capacity, stride: valueSize)
    memory = try MappedMemory(plan, limits: limits)
    self.valueSize = valueSize
    self.capacity = capacity
    self.isStack = isStack
  }

  /// The values there are now.
  var count: Int { state.withLock { $0.count } }

  // SAFETY (whole type): slots are below the capacity; callers give pointers to as many bytes as a value has.

  @unsafe
  private func slot(_ index: Int) -> UnsafeMutableRawPointer {
    unsafe memory.base + (index < capacity ? index : index - capacity) * valueSize
  }

  /// Adds a value; with `BPF_EXIST` it takes the oldest one's place where there is no room.
  @unsafe
  func push(_ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    guard flags == MapUpdateFlags.any.rawValue || flags == MapUpdateFlags.exist.rawValue else {
      return .invalidArgument
    }
    return state.withLock { state in
      if state.count == capacity {
        guard flags == MapUpdateFlags.exist.rawValue else { return .tooBig }
        state.first = state.first + 1 == capacity ? 0 : state.first + 1
        state.count -= 1
      }
      unsafe slot(state.first + state.count).copyMemory(from: value, byteCount: valueSize)
      state.count += 1
      return nil
    }
  }

  /// Copies the next value: the oldest of a queue, the newest of a stack. Zeros where there is none.
  ///
  /// - Parameter isRemoving: whether the value goes.
  @unsafe
  func take(into target: UnsafeMutableRawPointer, isRemoving: Bool) -> MapErrno? {
    state.withLock { state in
      guard state.count > 0 else {
        unsafe UnsafeMutableRawBufferPointer(start: target, count: valueSize)
          .initializeMemory(as: UInt8.self, repeating: 0)
        return .noEntry
      }
      let next = isStack ? state.first + state.count - 1 : state.first
      unsafe target.copyMemory(from: slot(next), byteCount: valueSize)
      if isRemoving {
        state.count -= 1
        if !isStack { state.first = state.first + 1 == capacity ? 0 : state.first + 1 }
      }
      return nil
    }
  }

  /// The next value, or nil.
  func take(isRemoving: Bool) -> [UInt8]? {
    var refusal: MapErrno?
    let value = unsafe [UInt8](unsafeUninitializedCapacity: valueSize) { buffer, count in
      guard let target = buffer.baseAddress else { return }
      refusal = unsafe take(into: target, isRemoving: isRemoving)
      count = valueSize
    }
    return refusal == nil ? value : nil
  }

  // MARK: What bpf(2) does without a key

  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? { take(isRemoving: false) }

  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    unsafe push(value, flags: flags)
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? { .invalidArgument }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    throw .invalidArgument
  }

  func explanation(of number: MapErrno) -> String? {
    if number == .invalidArgument {
      return "its values have no keys: they are pushed with flags 0 or BPF_EXIST, and popped"
    }
    if number == .tooBig {
      return "it has its \(capacity) entries"
    }
    return nil
  }
}
