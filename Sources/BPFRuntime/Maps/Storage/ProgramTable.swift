import BPFPlatform
import Synchronization

/// The programs of a `prog_array`.
///
/// A tail call takes no lock and counts no reference. A run pins the table before its first call through it, in a counter
/// of its worker, and a program that was taken out stays until no run has the table pinned.
///
/// A program in the array that uses the array keeps both alive. Whoever owns the map ends that with
/// ``Map/removeAllPrograms()``, as the kernel does when the last user of the map goes.
@safe
final class ProgramTable: @unchecked Sendable {
  // `@unchecked`: slots and counters are atomic; a slot changes only under the lock.
  private let memory: MappedMemory
  let count: Int
  private let workers: Int
  /// References to programs that the table owns; 0 for none.
  private let slots: UnsafeMutablePointer<Atomic<UInt>>
  private let pins: UnsafeMutableRawPointer
  private let changes = Mutex(Changes())
  private let hasRetired = Atomic(false)

  /// What the lock covers.
  private struct Changes {
    /// One more than the highest index ever in use.
    var end = 0
    /// What the first program ever set is, and all others are.
    var kind: LoadedCode.Kind?
    /// What was taken out while runs had the table pinned.
    var retired: [LoadedProgram] = []
  }

  /// The distance between two workers' counters: no two share a cache line.
  private static let pinStride = 64

  init(count: Int, workers: Int, limits: MapLimits) throws(MapMemoryRefusal) {
    self.count = count
    self.workers = workers
    var plan = MemoryLayoutPlan()
    let pinsOffset = plan.add(workers, stride: Self.pinStride)
    let slotsOffset = plan.add(count, stride: 8)
    memory = try MappedMemory(plan, limits: limits)
    unsafe pins = memory.base + pinsOffset
    unsafe slots = (memory.base + slotsOffset).assumingMemoryBound(to: Atomic<UInt>.self)
  }

  deinit { removeAll() }

  // SAFETY (whole type): indices of slots are less than `count`, workers less than `workers`; the memory is the table's and
  // begins as zeros. A slot's bits are of a program that the table holds a reference to.

  // MARK: Runs

  @unsafe
  private func pin(of worker: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    precondition(worker >= 0 && worker < workers, "the table has a counter for this worker")
    return unsafe (pins + worker * Self.pinStride).assumingMemoryBound(to: Atomic<Int>.self)
  }

  /// Keeps all programs that ``code(at:)`` gives from now on, until ``unpin(worker:)``.
  func pin(worker: Int) {
    // Before what is read of the slots: either the run sees a change, or who makes it sees the run.
    unsafe _ = pin(of: worker).pointee.add(1, ordering: .sequentiallyConsistent)
  }

  func unpin(worker: Int) {
    unsafe _ = pin(of: worker).pointee.subtract(1, ordering: .sequentiallyConsistent)
    if hasRetired.load(ordering: .sequentiallyConsistent) { releaseRetired() }
  }

  /// The code of the program in a slot, for a run that has pinned the table.
  @unsafe
  func code(at index: UInt32) -> LoadedCode? {
    guard Int(index) < count,
      let bits = unsafe UnsafeRawPointer(
        bitPattern: slots[Int(index)].load(ordering: .sequentiallyConsistent))
    else { return nil }
    return unsafe Unmanaged<LoadedProgram>.fromOpaque(bits)._withUnsafeGuaranteedRef { $0.code }
  }

  // MARK: Host

  func program(at index: UInt32) -> LoadedProgram? {
    guard Int(index) < count else { return nil }
    return changes.withLock { _ in
      let bits = unsafe slots[Int(index)].load(ordering: .relaxed)
      guard let bits = unsafe UnsafeRawPointer(bitPattern: bits) else { return nil }
      return unsafe Unmanaged<LoadedProgram>.fromOpaque(bits).takeUnretainedValue()
    }
  }

  func set(_ program: LoadedProgram, at index: UInt32) -> MapErrno? {
    guard Int(index) < count else { return .tooBig }
    let refusal: MapErrno? = changes.withLock { changes in
      let kind = program.code.kind
      if let first = changes.kind, !first.mayCall(kind) { return .invalidArgument }
      changes.kind = changes.kind ?? kind
      changes.end = max(changes.end, Int(index) + 1)
      if let old = exchange(Int(index), program) { changes.retired.append(old) }
      return nil
    }
    releaseRetired()
    return refusal
  }

  func remove(at index: UInt32) -> MapErrno? {
    guard Int(index) < count else { return .tooBig }
    let refusal: MapErrno? = changes.withLock { changes in
      guard let old = exchange(Int(index), nil) else { return .noEntry }
      changes.retired.append(old)
      return nil
    }
    releaseRetired()
    return refusal
  }

  func removeAll() {
    changes.withLock { changes in
      for index in 0..<changes.end {
        if let old = exchange(index, nil) { changes.retired.append(old) }
      }
    }
    releaseRetired()
  }

  /// Puts a program into a slot, and gives the one that was there.
  private func exchange(_ index: Int, _ program: LoadedProgram?) -> LoadedProgram? {
    let new = program.map { unsafe UInt(bitPattern: Unmanaged.passRetained($0).toOpaque()) }
    let old = unsafe slots[index].exchange(new ?? 0, ordering: .sequentiallyConsistent)
    guard let bits = unsafe UnsafeRawPointer(bitPattern: old) else { return nil }
    return unsafe Unmanaged<LoadedProgram>.fromOpaque(bits).takeRetainedValue()
  }

  /// Lets what was taken out go, unless a run may have seen it.
  private func releaseRetired() {
    let released = changes.withLock { changes in
      // Before the counters are read: either a run sees it at its end, or it is seen here that the run has ended.
      hasRetired.store(!changes.retired.isEmpty, ordering: .sequentiallyConsistent)
      for worker in 0..<workers {
        let pin = unsafe pin(of: worker).pointee.load(ordering: .sequentiallyConsistent)
        if pin != 0 { return [LoadedProgram]() }
      }
      hasRetired.store(false, ordering: .sequentiallyConsistent)
      return changes.retired.takeAll()
    }
    // Programs may own maps, this one too: they go after the lock is free.
    _ = consume released
  }
}

extension [LoadedProgram] {
  fileprivate mutating func takeAll() -> Self {
    let all = self
    self = []
    return all
  }
}
