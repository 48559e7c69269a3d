import BPFPlatform
import BPFRuntime

/// What engines that ran the same left in maps of their own.
struct MapComparison {
  let engine: ProgramEngine
  let maps: [Map]

  /// The first map that holds something else than that of the same name of another engine, with both values; nil where
  /// there is none. Of maps that hold maps or programs, and of those whose entries cannot be read, nothing is compared.
  ///
  /// - Complexity: O(*n*), *n* the bytes of all maps.
  func difference(from other: MapComparison) -> String? {
    for map in maps {
      guard let counterpart = other.maps.first(where: { $0.spec.name == map.spec.name }),
        let own = Self.contents(of: map), let others = Self.contents(of: counterpart)
      else { continue }
      for key in Set(own.keys).union(others.keys).sorted(by: { $0.lexicographicallyPrecedes($1) })
      where own[key] != others[key] {
        return "map \(map.spec.name), key \(HexText.digits(of: key)): "
          + Self.text(engine, own[key], other.engine, others[key])
      }
    }
    return nil
  }

  private static func text(
    _ engine: ProgramEngine, _ value: [UInt8]?, _ other: ProgramEngine, _ otherValue: [UInt8]?
  ) -> String {
    guard let value, let otherValue else {
      let (has, lacks) = value == nil ? (other, engine) : (engine, other)
      return "\(has.rawValue) has it, \(lacks.rawValue) does not"
    }
    return ByteDifference(value, otherValue).text(engine.rawValue, other.rawValue)
  }

  private static func contents(of map: Map) -> [[UInt8]: [UInt8]]? {
    let kind = map.spec.kind
    guard !kind.holdsMaps, kind != .programArray, let entries = try? map.entries() else {
      return nil
    }
    return Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
  }
}
