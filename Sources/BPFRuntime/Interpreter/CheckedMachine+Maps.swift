import BPFPlatform

// The maps a program can reach: its own, and those it found in maps of maps.
extension CheckedMachine {
  /// The maps found in maps of maps in one run, kept alive for it.
  struct InnerMaps {
    fileprivate var maps: [Map] = []
    /// The number of each map's region, by the map's address.
    fileprivate var regions: [UInt: Int] = [:]
    /// The first region that these maps have.
    fileprivate var first = 0
  }

  /// Describes the program's maps and their values as regions.
  func installMaps() {
    let needed = RegionNumber.map(code.maps.count)
    makeRegions(upTo: needed)
    for (index, map) in code.maps.enumerated() {
      unsafe regions[RegionNumber.map(index)] = Region(map: map)
      unsafe regions[RegionNumber.values(index)] = Region(valuesOf: map)
    }
    // What an earlier program with more maps had is gone; what came out of maps of maps stays for the run.
    let end = innerMaps.maps.isEmpty ? regionCount : max(innerMaps.first, needed)
    for number in needed..<end { unsafe regions[number] = .empty(.none) }
  }

  /// Makes room for regions below a number.
  private func makeRegions(upTo needed: Int) {
    guard needed > regionCount else { return }
    let count = max(needed, regionCount + regionCount / 4)
    let grown = UnsafeMutablePointer<Region>.allocate(capacity: count)
    unsafe grown.initialize(repeating: .empty(.none), count: count)
    unsafe grown.update(from: regions, count: regionCount)
    unsafe regions.deallocate()
    unsafe regions = grown
    regionCount = count
  }

  /// The guest address of a map that a look-up in a map of maps found.
  ///
  /// - Parameter bits: the bits of a reference to the map, which is alive.
  func guestAddress(ofInnerMap bits: UInt64) -> UInt64 {
    let key = UInt(bits)
    if let number = innerMaps.regions[key] { return GuestAddress.make(region: number, offset: 0) }
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: key) else { return 0 }
    // SAFETY: the storage of a map of maps gives references to live maps.
    let map = unsafe Unmanaged<Map>.fromOpaque(pointer).takeUnretainedValue()
    if innerMaps.maps.isEmpty {
      // Behind the maps of every program that a tail call could lead to: the kernel's limit is 64.
      innerMaps.first = RegionNumber.map(max(code.maps.count, 64))
    }
    let number = innerMaps.first + 2 * innerMaps.maps.count
    makeRegions(upTo: number + 2)
    unsafe regions[number] = Region(map: map)
    unsafe regions[number + 1] = Region(valuesOf: map)
    innerMaps.maps.append(map)
    innerMaps.regions[key] = number
    return GuestAddress.make(region: number, offset: 0)
  }

  /// Forgets what came out of maps of maps, before another run.
  func removeInnerMaps() {
    guard !innerMaps.maps.isEmpty else { return }
    for number in innerMaps.first..<innerMaps.first + 2 * innerMaps.maps.count {
      unsafe regions[number] = .empty(.none)
    }
    innerMaps = InnerMaps()
  }

  /// The map whose region has a number.
  func map(at number: Int) -> Map? {
    guard number < regionCount, unsafe regions[number].kind == .map else { return nil }
    // SAFETY: the program or ``innerMaps`` keeps the map alive.
    return unsafe Unmanaged<Map>.fromOpaque(regions[number].base).takeUnretainedValue()
  }

  func mapName(_ number: Int) -> String { map(at: number)?.spec.name ?? "" }

  /// The special field of a map's values that a range of bytes touches.
  func specialField(
    ofMap number: Int, at bytes: Range<Int>
  ) -> MapSpec.SpecialField.Kind? {
    map(at: number)?.spec.specialFields.first {
      bytes.overlaps($0.offset..<$0.offset + $0.kind.size)
    }?.kind
  }
}

extension Region {
  fileprivate init(map: Map) {
    unsafe self.init(
      base: Unmanaged.passUnretained(map).toOpaque(), kind: .map,
      index: Int32(truncatingIfNeeded: map.spec.kind.rawValue))
    stride = UInt64(map.spec.keySize)
    valueSize = UInt64(map.spec.valueSize)
  }

  /// The values of a map, as far as programs may access them directly.
  fileprivate init(valuesOf map: Map) {
    guard let memory = map.valueMemory else {
      self = .empty(.mapValues)
      return
    }
    unsafe self.init(base: memory.base, kind: .mapValues)
    stride = UInt64(memory.stride)
    valueSize = UInt64(memory.valueSize)
    total = UInt64(memory.stride * memory.count)
    mayRead = !memory.isWriteOnlyForPrograms
    mayWrite = !memory.isReadOnlyForPrograms
    hasSpecialFields = !map.spec.specialFields.isEmpty
    if memory.count == 1, !hasSpecialFields {
      readable = mayRead ? valueSize : 0
      writable = mayWrite ? valueSize : 0
    }
  }
}
