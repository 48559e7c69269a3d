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
    // Constants were set when the map was made.
    if map.spec.isFrozen { return }
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

  /// The contents that a file gives for a map of constants.
  static func constants(
    of spec: MapSpec, in object: ObjectFile, from path: String
  ) throws(CommandError) -> [MapSpec.InitialEntry] {
    var contents: [[UInt8]: [UInt8]] = [:]
    for entry in spec.contents {
      if case .bytes(let bytes) = entry.value { contents[entry.key] = bytes }
    }
    let bytes = try FileContents.read(path)
    let file: MapFile
    do throws(MapFile.Failure) {
      file = try MapFile(
        bytes, types: MapTypes(of: spec, in: object), isPerCPU: false, holdsPrograms: false,
        current: { contents[$0] })
    } catch {
      throw .input(name: path, detail: error.description)
    }
    for entry in file.entries {
      if case .bytes(let value) = entry.value { contents[entry.key] = value }
    }
    return contents.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      MapSpec.InitialEntry(key: $0.key, value: .bytes($0.value))
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
