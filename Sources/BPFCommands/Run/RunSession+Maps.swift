import BPFObject
import BPFPlatform
import BPFRuntime

extension RunSession {
  /// Sets entries of a map from a file, before the run.
  mutating func fillMap(
    _ name: String, from path: String, in environment: CommandEnvironment
  ) throws(CommandError) {
    guard let map = engine.map(named: name) else {
      guard !engine.object.maps.contains(where: { $0.name == name }) else {
        throw .input(
          name: self.path,
          detail: "the program \(program.name) does not use the map \(name)")
      }
      throw .noSuchName(
        kind: "map", name: name, place: self.path, known: engine.maps.map(\.spec.name))
    }
    let bytes = try FileContents.read(path, in: environment)
    let file: MapFile
    do throws(MapFile.Failure) {
      file = try MapFile(
        bytes, types: types(of: map), isPerCPU: map.spec.kind.isPerCPU,
        holdsPrograms: map.spec.kind == .programArray,
        current: { key in (try? map.get(key)) ?? nil })
    } catch {
      throw .input(name: path, detail: error.description)
    }
    for (index, entry) in file.entries.enumerated() {
      do { try set(entry, in: map) } catch {
        throw .input(name: path, detail: "entry \(index): \(error)")
      }
    }
  }

  private func set(_ entry: MapFile.Entry, in map: Map) throws {
    switch entry.value {
    case .bytes(let value):
      try map.set(entry.key, MapContents.hostValue(of: value, in: map))
    case .perCPU(let values):
      // What is not given is 0.
      var values = values
      while values.count < map.workers {
        values.append(Array(repeating: 0, count: map.spec.valueSize))
      }
      try map.set(entry.key, MapContents.hostValue(ofEachCPU: values))
    case .program(let name):
      let index = ValueType.number(entry.key[...], isSigned: false)
      try map.setProgram(engine.load(name, as: program.type), at: UInt32(clamping: index))
    }
  }

  /// What a map's keys and values mean, as far as the object says.
  func types(of map: Map) -> MapTypes { MapTypes(of: map.spec, in: engine.object) }
}
