import ArgumentParser
import BPFPlatform
import BPFRuntime

/// How map contents are written.
enum MapFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, csv

  /// What a file's name asks for.
  init(ofFile path: String) {
    self = path.hasSuffix(".json") ? .json : path.hasSuffix(".csv") ? .csv : .text
  }
}

extension ObjectMaps {
  /// The contents of a map.
  func listing(of map: Map, limit: Int = .max) -> MapListing {
    MapListing(
      of: map, types: types(of: map.spec), limit: limit,
      declaredPrograms: declaredPrograms(of: map))
  }

  /// The contents of maps in a format.
  ///
  /// - Parameter names: the maps; all that are live where there are none.
  func dump(_ names: [String], as format: MapFormat) throws(CommandError) -> String {
    var maps: [Map] = []
    for name in names { maps.append(try map(named: name)) }
    let isAll = names.isEmpty
    if isAll { maps = engine.maps }
    switch format {
    case .text:
      return maps.map { map in
        let text = listing(of: map).text
        guard text.isEmpty, !isAll else { return text }
        return "map \(map.spec.name.escapedForDisplay) (\(map.spec.kind.name)): nothing to show\n"
      }.joined()
    case .json:
      var writer = JSONWriter(.indented)
      writer.object { writer in
        writer.member("object", path)
        writer.member("maps") { writer in
          writer.array { writer in
            for map in maps {
              writer.element { listing(of: map).write(to: &$0, hexadecimal: .whereNeeded) }
            }
          }
        }
      }
      return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    case .csv:
      let tables = isAll ? maps.filter { $0.spec.kind.isTable && !$0.spec.isSection } : maps
      guard tables.count == 1, let map = tables.first else {
        if tables.isEmpty { throw .input(name: path, detail: "no map has entries to write as CSV") }
        throw .ambiguous(
          kind: "map", place: "\(path): CSV holds one map", option: "the map's name",
          known: tables.map(\.spec.name))
      }
      return listing(of: map).csv
    }
  }
}

extension MapKind {
  /// Whether maps of this kind have entries that can be shown.
  var isTable: Bool { isListed || self == .programArray }
}
