import BPFPlatform
import Synchronization

/// The maps in an `array_of_maps` or `hash_of_maps`.
///
/// A lookup takes no lock and gives a reference that nobody counts. So that it stays valid for as long as a program may hold
/// it, the table keeps every map that was ever put into it, until the host says that no program runs
/// (``forgetReplaced()``).
@safe
final class MapsTable: SpecialTable, @unchecked Sendable {
  // `@unchecked`: an array's slots are atomic, and the hash table is thread-safe.
  private let places: Places
  /// Every map that a program may hold.
  private let kept = Mutex<[ObjectIdentifier: Map]>([:])

  /// Where the references are.
  @safe
  private enum Places {
    case array(UnsafeMutablePointer<Atomic<UInt>>, memory: SharedMemory, count: Int)
    case hash(HashTable)
  }

  /// Memory with more than one owner.
  private final class SharedMemory: Sendable {
    let memory: MappedMemory

    init(_ plan: MemoryLayoutPlan, limits: MapLimits) throws(MapMemoryRefusal) {
      memory = try MappedMemory(plan, limits: limits)
    }
  }

  init(_ spec: MapSpec, limits: MapLimits) throws(MapMemoryRefusal) {
    guard spec.kind == .hashOfMaps else {
      var plan = MemoryLayoutPlan()
      _ = plan.add(spec.maxEntries, stride: MemoryLayout<UInt>.stride)
      let memory = try SharedMemory(plan, limits: limits)
      // SAFETY: zeroed memory is atomic zeros, as many as the plan says.
      places = unsafe .array(
        memory.memory.base.assumingMemoryBound(to: Atomic<UInt>.self), memory: memory,
        count: spec.maxEntries)
      return
    }
    var references = spec
    references.kind = .hash
    references.valueSize = MemoryLayout<UInt>.size
    places = .hash(try HashTable(references, workers: 1, limits: limits))
  }

  // SAFETY (whole type): keys have the map's key size; references are of maps that `kept` holds.

  @unsafe
  private func reference(_ key: UnsafeRawPointer) -> UInt {
    switch places {
    case .array(let slots, _, let count):
      let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
      return index < count ? unsafe slots[index].load(ordering: .acquiring) : 0
    case .hash(let table):
      return unsafe table.lookup(key, worker: 0)?.load(as: UInt.self) ?? 0
    }
  }

  /// The bits of an unretained reference to a ``Map``.
  @unsafe
  func lookup(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    unsafe UnsafeMutableRawPointer(bitPattern: reference(key))
  }

  var access: MapHelperAccess { .lookup }

  /// The map of a key.
  @unsafe
  func map(_ key: UnsafeRawPointer) -> Map? {
    kept.withLock { _ in
      guard let pointer = unsafe lookup(key) else { return nil }
      return unsafe Unmanaged<Map>.fromOpaque(pointer).takeUnretainedValue()
    }
  }

  /// Every map that a program may have looked up.
  var keptMaps: [Map] { kept.withLock { Array($0.values) } }

  /// The map's number, as the kernel tells it.
  @unsafe
  func get(_ key: UnsafeRawPointer) throws(MapErrno) -> [UInt8]? {
    unsafe map(key).map { Map.bytes(of: $0.id) }
  }

  /// Puts a map in; the caller has checked that it is like the others.
  @unsafe
  func set(_ key: UnsafeRawPointer, _ map: Map, flags: UInt64) -> MapErrno? {
    if let refusal = unsafe refusal(key, flags: flags) { return refusal }
    return kept.withLock { kept in
      let wasKept = kept.updateValue(map, forKey: ObjectIdentifier(map)) != nil
      let reference = unsafe UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque())
      switch places {
      case .array(let slots, _, _):
        let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
        unsafe slots[index].store(reference, ordering: .releasing)
        return nil
      case .hash(let table):
        let refusal = unsafe withUnsafeBytes(of: reference) { bytes -> MapErrno? in
          guard let address = bytes.baseAddress else { return .invalidArgument }
          return unsafe table.update(key, .all(address), flags: flags)
        }
        if refusal != nil, !wasKept { kept[ObjectIdentifier(map)] = nil }
        return refusal
      }
    }
  }

  /// What an array looks at before the map that is put in.
  @unsafe
  private func refusal(_ key: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    guard case .array(_, _, let count) = places else { return nil }
    if flags != 0 { return .invalidArgument }
    return unsafe Int(key.loadUnaligned(as: UInt32.self)) < count ? nil : .tooBig
  }

  /// Bytes are no map: the kernel takes them as a descriptor, which a process has none of.
  @unsafe
  func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64) -> MapErrno? {
    unsafe refusal(key, flags: flags) ?? .badDescriptor
  }

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    kept.withLock { _ in
      switch places {
      case .array(let slots, _, let count):
        let index = unsafe Int(key.loadUnaligned(as: UInt32.self))
        guard index < count else { return .tooBig }
        let old = unsafe slots[index].exchange(0, ordering: .acquiringAndReleasing)
        return old == 0 ? .noEntry : nil
      case .hash(let table): return unsafe table.delete(key, worker: 0)
      }
    }
  }

  @unsafe
  func nextKey(after key: UnsafeRawPointer?) throws(MapErrno) -> [UInt8]? {
    switch places {
    case .array(_, _, let count):
      let index = unsafe key?.loadUnaligned(as: UInt32.self)
      return ArrayTable.nextKey(after: index, count: count).map(Map.bytes)
    case .hash(let table): return unsafe table.nextKey(after: key)
    }
  }

  func explanation(of number: MapErrno) -> String? {
    if number == .badDescriptor {
      return "its values are maps: they are put in with setMap(_:forKey:flags:)"
    }
    return nil
  }

  /// Lets go of maps that are in no slot any more; no program may be running that could have looked one up.
  func forgetReplaced() {
    let forgotten = kept.withLock { kept in
      var present: Set<UInt> = []
      switch places {
      case .array(let slots, _, let count):
        for index in 0..<count {
          present.insert(unsafe slots[index].load(ordering: .acquiring))
        }
      case .hash(let table):
        table.forEach { _, value in
          present.insert(value.reversed().reduce(0) { $0 << 8 | UInt($1) })
        }
      }
      let all = kept
      kept = all.filter { _, map in
        unsafe present.contains(UInt(bitPattern: Unmanaged.passUnretained(map).toOpaque()))
      }
      return all
    }
    // Maps go after the lock is free.
    _ = consume forgotten
  }
}
