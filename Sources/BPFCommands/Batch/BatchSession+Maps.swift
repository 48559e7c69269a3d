import BPFISA
import BPFPlatform
import BPFRuntime

extension BatchSession {
  /// Writes each map's index into the load immediates that the request says load it.
  func placeMaps(in slots: inout [RawInstruction]) throws(Refusal) {
    var owners: [Int: Int] = [:]
    for (index, map) in request.maps.enumerated() {
      for (position, slot) in map.slots.enumerated() {
        let path = "maps[\(index)].at[\(position)]"
        guard slots.indices.contains(slot) else {
          throw .request(
            .invalid(path, "slot \(slot) is outside the program, which has \(slots.count) slots"))
        }
        guard slots[slot].isWide, slot + 1 < slots.count else {
          throw .request(.invalid(path, "slot \(slot) begins no 16-byte load immediate"))
        }
        if let owner = owners.updateValue(index, forKey: slot), owner != index {
          throw .request(.invalid(path, "slot \(slot) already loads maps[\(owner)]"))
        }
        guard let source = Self.indexedSource(for: slots[slot].source) else {
          throw .request(.invalid(path, "slot \(slot) loads no map, but a variable or a function"))
        }
        slots[slot].registers = slots[slot].destination | source << 4
        slots[slot].immediate = Int32(truncatingIfNeeded: index)
        // The second slot of an address inside a value keeps its offset.
        if source == 5 { slots[slot + 1].immediate = 0 }
      }
    }
  }

  /// The source field that says "map by index", or "address in a map by index", for one that a compiler or
  /// loader left there (RFC 9669 section 5.4).
  private static func indexedSource(for source: UInt8) -> UInt8? {
    switch source {
    case 0, 1, 5: 5
    case 2, 6: 6
    default: nil
    }
  }

  /// Refuses load immediates of maps that the request does not have.
  func checkMapReferences(of program: Program) throws(Refusal) {
    var index = 0
    while index < program.slots.count {
      let slot = program.slots[index]
      guard slot.isWide else {
        index += 1
        continue
      }
      let problem: String? =
        switch slot.source {
        case 1, 2:
          "loads a map by file descriptor \(slot.immediate); no map's 'at' names this instruction"
        case 5, 6:
          request.maps.indices.contains(Int(slot.immediate))
            ? nil
            : "loads map \(slot.immediate); the request has \(counted(request.maps.count, "map"))"
        default: nil
        }
      if let problem {
        throw .verdict(.reject(.init(kind: "map_reference", slot: index, message: problem)))
      }
      index += 2
    }
  }

  /// Makes the request's maps for an engine and fills them.
  func makeMaps(for engine: ProgramEngine) throws(Refusal) -> [Map] {
    try checkMapMemory(request.maps.map(\.spec), path: "maps")
    var maps: [Map] = []
    for (index, wanted) in request.maps.enumerated() {
      let map: Map
      // What runs without checks has the maps it was verified with.
      let spec = engine != .checkedInterpreter ? wanted.spec.adjustedAsLoadersDo : wanted.spec
      do throws(MapError) { map = try Map(spec) } catch {
        throw .verdict(Self.verdict(for: error))
      }
      for (position, entry) in wanted.contents.enumerated() {
        try set(entry, in: map, path: "maps[\(index)].contents[\(position)]")
      }
      maps.append(map)
    }
    return maps
  }

  private func set(
    _ entry: BatchRequest.MapRequest.Entry, in map: Map, path: String
  ) throws(Refusal) {
    guard entry.key.count == map.spec.keySize else {
      throw .request(
        .invalid(
          "\(path).key",
          "\(counted(entry.key.count, "byte")), a key of this map has \(map.spec.keySize)"))
    }
    guard entry.value.count == map.spec.valueSize else {
      throw .request(
        .invalid(
          "\(path).value",
          "\(counted(entry.value.count, "byte")), a value of this map has \(map.spec.valueSize)"))
    }
    do throws(MapError) {
      try map.set(entry.key, MapContents.hostValue(of: entry.value, in: map))
    } catch {
      throw .request(.invalid(path, "\(error)"))
    }
  }

  /// Refuses maps that would take more memory than the limit.
  func checkMapMemory(_ specs: [MapSpec], path: String) throws(Refusal) {
    var total = 0
    for spec in specs {
      let (size, sizeOverflow) = MapContents.estimatedSize(of: spec)
        .multipliedReportingOverflow(by: engines.count)
      let (sum, overflow) = total.addingReportingOverflow(size)
      total = overflow || sizeOverflow ? .max : sum
      guard total <= limits.mapBytes else {
        throw .request(.overLimit(path, asked: total, limit: limits.mapBytes, unit: "bytes"))
      }
    }
  }
}
