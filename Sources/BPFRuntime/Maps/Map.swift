public import BPFPlatform
import Synchronization

/// A live map. Values live at addresses that never change and are never freed before the map.
///
/// All operations are thread-safe: of two changes to one entry at the same time, one comes first. Values are not
/// locked: programs share their bytes as they do in the kernel.
///
/// Errors, and the order in which they are looked for, are those of the kernel's `bpf(2)` and of its helpers.
@safe
public final class Map: Sendable {
  /// A number that no other map of this process has, as the kernel's maps have their ids.
  public let id = Map.numbers.add(1, ordering: .relaxed).newValue
  /// What the map was made from. A `perf_event_array` declared with 0 entries has as many as there are workers.
  public let spec: MapSpec
  /// The number of workers, each of which has a slot of its own in a per-CPU map.
  public let workers: Int

  private static let numbers = Atomic<UInt32>(0)
  let storage: MapStorage
  /// The storage again, for what programs do.
  let path: ProgramPath
  let state = MapState()

  /// Makes a map with its initial contents, except for those that name programs or maps, which the engine sets.
  ///
  /// - Parameters:
  ///   - workers: the number of threads that run programs; at least 1.
  ///   - limits: what the map may take of the host's memory.
  /// - Complexity: O(*n*), *n* the entries of the initial contents; memory is taken as entries are written.
  /// - Throws: ``MapError`` where the kernel would refuse to create the map, or its memory is over the limit.
  public init(
    _ spec: MapSpec, workers: Int = 1, limits: MapLimits = .standard
  ) throws(MapError) {
    precondition(workers > 0, "a map has at least one worker")
    var spec = spec
    if spec.kind == .perfEventArray, spec.maxEntries == 0 { spec.maxEntries = workers }
    try spec.checkAttributes()
    self.spec = spec
    self.workers = workers
    storage = try Self.makeStorage(spec, workers: workers, limits: limits)
    unsafe path = ProgramPath(storage)
    for entry in spec.contents {
      guard case .bytes(let value) = entry.value else { continue }
      try initialize(entry.key, value)
    }
    if spec.isFrozen { state.freeze() }
  }

  private static func makeStorage(
    _ spec: MapSpec, workers: Int, limits: MapLimits
  ) throws(MapError) -> MapStorage {
    do throws(MapMemoryRefusal) {
      switch spec.kind {
      case .hash, .perCPUHash, .lruHash, .lruPerCPUHash:
        return .hash(try HashTable(spec, workers: workers, limits: limits))
      case .array, .perCPUArray:
        return .array(
          try ArrayTable(
            count: spec.maxEntries, valueSize: spec.valueSize,
            workers: spec.kind == .perCPUArray ? workers : nil, layout: ValueLayout(spec),
            lockOffset: spec.lockOffset,
            limits: limits))
      case .lpmTrie:
        return .prefixes(
          try PrefixTrie(
            keySize: spec.keySize, valueSize: spec.valueSize, maxEntries: spec.maxEntries,
            limits: limits))
      case .deviceMap:
        return .devices(
          try DeviceTable(count: spec.maxEntries, valueSize: spec.valueSize, limits: limits))
      case .programArray:
        return .programs(
          try ProgramTable(count: spec.maxEntries, workers: workers, limits: limits))
      case .perfEventArray:
        let wakeUp = ConsumerWakeUp()
        return .events(
          (0..<workers).map { _ in
            EventBuffer(capacity: limits.eventBufferBytes, wakeUp: wakeUp)
          })
      case .ringBuffer:
        return .ring(try RingBuffer(size: spec.maxEntries, limits: limits))
      case .userRingBuffer:
        return .special(try UserRing(size: spec.maxEntries, limits: limits))
      case .arrayOfMaps, .hashOfMaps:
        return .special(try MapsTable(spec, limits: limits))
      case .queue, .stack:
        return .special(
          try ElementQueue(
            capacity: spec.maxEntries, valueSize: spec.valueSize, isStack: spec.kind == .stack,
            limits: limits))
      case .bloomFilter:
        return .special(
          try BloomFilter(
            entries: spec.maxEntries, valueSize: spec.valueSize, hashes: Int(spec.extra),
            isSeeded: !spec.flags.contains(.zeroSeed), limits: limits))
      case .deviceMapHash:
        return .special(try DeviceHash(spec, limits: limits))
      case .cpuMap:
        return .special(
          try ProcessorTable(
            count: spec.maxEntries, valueSize: spec.valueSize, workers: workers, limits: limits))
      case .stackTrace:
        return .special(
          try StackTable(
            entries: spec.maxEntries, valueSize: spec.valueSize,
            hasBuildIDs: spec.flags.contains(.stackBuildID), limits: limits))
      case .instructionArray:
        return .special(try InstructionTable(count: spec.maxEntries, limits: limits))
      case .cgroupArray, .socketMap, .xskMap, .socketHash, .cgroupStorage,
        .reuseportSocketArray, .perCPUCgroupStorage, .socketStorage, .inodeStorage,
        .taskStorage, .cgroupLocalStorage, .arena:
        return .special(ObjectTable(spec))
      case .structOps, .resizableHash:
        preconditionFailure("the attributes of other kinds are refused before")
      }
    } catch {
      throw MapError(spec.name, memory: error)
    }
  }
}

/// What a map's entries are in; one case for each way to keep them.
enum MapStorage: Sendable {
  case hash(HashTable)
  case array(ArrayTable)
  case prefixes(PrefixTrie)
  case devices(DeviceTable)
  case programs(ProgramTable)
  case events([EventBuffer])
  case ring(RingBuffer)
  /// A kind with rules of its own.
  case special(any SpecialTable)
}

/// A map's storage without its reference count, which threads that run programs would all have to change.
///
/// SAFETY: used only by methods of the map, which keeps the storage.
@unsafe
enum ProgramPath: @unchecked Sendable {
  // `@unchecked`: the storages are `Sendable`.
  case hash(Unmanaged<HashTable>)
  case array(Unmanaged<ArrayTable>)
  case prefixes(Unmanaged<PrefixTrie>)
  case ring(Unmanaged<RingBuffer>)
  case programs(Unmanaged<ProgramTable>)
  /// Kinds whose operations take longer than counting references.
  case other

  init(_ storage: MapStorage) {
    unsafe self =
      switch storage {
      case .hash(let table): unsafe .hash(.passUnretained(table))
      case .array(let table): unsafe .array(.passUnretained(table))
      case .prefixes(let trie): unsafe .prefixes(.passUnretained(trie))
      case .ring(let ring): unsafe .ring(.passUnretained(ring))
      case .programs(let table): unsafe .programs(.passUnretained(table))
      case .devices, .events, .special: unsafe .other
      }
  }
}
