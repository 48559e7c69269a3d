import BPFPlatform
import BPFRewriter

/// What a running program can reach by address, as helpers ask for it that are told no size.
struct ReachableMemory {
  let frame: ExecutionFrame
  let area: RunArea
  /// That of the function that runs.
  let framePointer: UInt64
  let maps: [Map]
  /// Where the elements are that callbacks run on: the bits of their maps, and the walks over those.
  let walks: [(map: UInt64, walk: ElementWalk)]

  /// The bytes at an address that may be read, up to a limit: fewer where what they are part of ends, nil where none may be.
  ///
  /// A program's addresses are the host's here. Only memory that the program has is read, whatever the number: its stack,
  /// its packet, values and records of its maps and of the maps in them, and what callbacks are given.
  func readableBytes(_ address: UInt64, limit: Int) -> [UInt8]? {
    guard limit > 0 else { return nil }
    if let bytes = readableStack(address, limit: limit) { return bytes }
    let packet = frame.packet
    if let base = unsafe packet.memory.baseAddress {
      let start = unsafe base + packet.metadataStart
      // SAFETY: the packet and its metadata lie in its frame.
      if let bytes = unsafe Self.bytes(
        at: address, limit: limit, in: start, count: packet.end - packet.metadataStart)
      {
        return bytes
      }
    }
    for map in reachableMaps {
      if let bytes = map.readableBytes(address, limit: limit) { return bytes }
    }
    for (map, walk) in walks {
      guard let bits = unsafe hostPointer(map) else { continue }
      // SAFETY: the program's maps live as long as the run.
      let key = unsafe Unmanaged<Map>.fromOpaque(bits)._withUnsafeGuaranteedRef {
        unsafe $0.readableKey(address, of: walk, limit: limit)
      }
      if let key { return key }
    }
    return nil
  }

  private func readableStack(_ address: UInt64, limit: Int) -> [UInt8]? {
    for depth in 0...min(area.depth(framePointer) + 1, RunArea.maximumFrames - 1) {
      let framePointer = area.framePointer(depth)
      guard let end = unsafe hostPointer(framePointer) else { continue }
      // SAFETY: a function's stack ends at its frame pointer, and its callback's argument lies in the record there.
      let bytes =
        unsafe Self.bytes(
          at: address, limit: limit, in: end - TargetABI.stackSize, count: TargetABI.stackSize)
        ?? Self.bytes(at: address, limit: limit, in: end + FrameRecord.argumentOffset, count: 16)
      if let bytes { return bytes }
    }
    return nil
  }

  /// The bytes at an address that lies in a piece of memory, up to its end.
  @unsafe
  static func bytes(
    at address: UInt64, limit: Int, in start: UnsafeMutableRawPointer, count: Int
  ) -> [UInt8]? {
    let offset = address &- UInt64(UInt(bitPattern: start))
    guard offset < UInt64(count) else { return nil }
    let available = min(count - Int(offset), limit)
    return unsafe [UInt8](
      UnsafeRawBufferPointer(start: start + Int(offset), count: available))
  }

  /// The maps, and those that look-ups in maps of maps can give.
  private var reachableMaps: [Map] { maps + maps.flatMap(\.innerMaps) }

  /// The bits of the map in whose values a timer lies; 0 where there is none.
  func map(ofTimerAt timer: UInt64) -> UInt64 {
    let map = reachableMaps.first { map in
      guard map.hasTimers, let memory = map.valueMemory else { return false }
      let offset = unsafe timer &- UInt64(UInt(bitPattern: memory.base))
      return offset < UInt64(memory.stride * memory.count)
    }
    return map.map {
      unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained($0).toOpaque()))
    } ?? 0
  }
}

extension Map {
  fileprivate var hasTimers: Bool { spec.specialFields.contains { $0.kind == .timer } }

  /// The maps that a map of maps holds, and held while programs may have looked them up.
  fileprivate var innerMaps: [Map] {
    guard case .special(let table as MapsTable) = storage else { return [] }
    return table.keptMaps
  }

  /// The bytes at an address that lies in a value or a record, up to its end. What programs may not see is 0.
  fileprivate func readableBytes(_ address: UInt64, limit: Int) -> [UInt8]? {
    if case .ring(let ring) = storage {
      // SAFETY: a ring's memory is mapped for the map's life. Where records end in it is not known here.
      return unsafe ReachableMemory.bytes(
        at: address, limit: limit, in: ring.region.base, count: ring.region.size)
    }
    if let ring = sampleRing {
      return unsafe ReachableMemory.bytes(
        at: address, limit: limit, in: ring.region.base, count: ring.region.size)
    }
    guard let memory = valueMemory, !memory.isWriteOnlyForPrograms else { return nil }
    let offset = unsafe address &- UInt64(UInt(bitPattern: memory.base))
    guard offset < UInt64(memory.stride * memory.count) else { return nil }
    let within = Int(offset) % memory.stride
    let value = unsafe memory.base + (Int(offset) - within)
    // SAFETY: the value lies in the map's memory, which lives as long as the map.
    guard
      var bytes = unsafe ReachableMemory.bytes(
        at: address, limit: limit, in: value, count: memory.valueSize)
    else { return nil }
    for field in spec.specialFields {
      let hidden = max(field.offset - within, 0)..<max(field.offset + field.kind.size - within, 0)
      for index in hidden.clamped(to: bytes.indices) { bytes[index] = 0 }
    }
    return bytes
  }

  /// The bytes at an address that lies in the key of the element visited last, up to its end.
  @unsafe
  fileprivate func readableKey(_ address: UInt64, of walk: ElementWalk, limit: Int) -> [UInt8]? {
    guard case .hash(let table) = storage, let element = walk.visited else { return nil }
    return unsafe ReachableMemory.bytes(
      at: address, limit: limit, in: table.key(element), count: spec.keySize)
  }
}
