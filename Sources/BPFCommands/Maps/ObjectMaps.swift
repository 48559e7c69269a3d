import BPFObject
import BPFPlatform
import BPFRuntime

/// The live maps of an object, as commands fill and show them.
final class ObjectMaps {
  let engine: Engine
  /// The object's path, as errors name it.
  let path: String
  /// The programs to put into slots of program arrays, by the map's name, once it is known what they run as.
  private var slots: [String: [UInt32: String]] = [:]

  /// - Parameters:
  ///   - execution: how programs will run that are loaded with these maps.
  ///   - compilation: how they are compiled, if they are.
  init(
    _ object: ObjectFile, path: String, execution: Engine.Execution = .compiled,
    compilation: Compilation = Compilation()
  ) {
    engine = Engine(object, execution: execution)
    engine.compilation = compilation
    self.path = path
  }

  /// What a map's keys and values mean, as far as the object says.
  func types(of spec: MapSpec) -> MapTypes { MapTypes(of: spec, in: engine.object) }

  /// The declaration of a map.
  func spec(of name: String) throws(CommandError) -> MapSpec {
    let specs = engine.object.maps
    guard let spec = specs.first(where: { $0.name == name }) else {
      throw .noSuchName(kind: "map", name: name, place: path, known: specs.map(\.name))
    }
    return spec
  }

  /// The live map of a name.
  func map(named name: String) throws(CommandError) -> Map {
    _ = try spec(of: name)
    do throws(LoadError) {
      if let map = try engine.makeMap(named: name) { return map }
    } catch {
      throw .input(name: path, detail: "\(error)")
    }
    preconditionFailure("a map that the object declares is made or refused")
  }
}

extension ObjectMaps {
  /// Makes every map of the object that can be made.
  ///
  /// - Returns: why the others cannot, a sentence each.
  func makeAll() -> [String] {
    var problems: [String] = []
    for spec in engine.object.maps {
      do throws(LoadError) { _ = try engine.makeMap(named: spec.name) } catch {
        problems.append("\(error)")
      }
    }
    return problems
  }

  /// Puts the programs that fills named into their program arrays.
  ///
  /// - Parameter load: gives the program of a name, made ready.
  func placePrograms(_ load: (String) throws(CommandError) -> LoadedProgram) throws(CommandError) {
    for (name, programs) in slots.sorted(by: { $0.key < $1.key }) {
      let map = try map(named: name)
      for (index, program) in programs.sorted(by: { $0.key < $1.key }) {
        let program = try load(program)
        do { try map.setProgram(program, at: index) } catch {
          throw .input(name: path, detail: "map \(name), slot \(index): \(error)")
        }
      }
    }
    slots = [:]
  }

  /// The programs that a program array has or will have in slots that are empty yet.
  func declaredPrograms(of map: Map) -> [UInt32: String] {
    var programs: [UInt32: String] = [:]
    if engine.isUnfilled(map) {
      for entry in map.spec.contents {
        guard case .program(let name) = entry.value else { continue }
        let index = ValueType.number(entry.key[...], isSigned: false)
        programs[UInt32(clamping: index)] = name
      }
    }
    return programs.merging(slots[map.spec.name] ?? [:]) { $1 }
  }
}

// MARK: - Filling

extension ObjectMaps {
  /// Sets the entries that a file gives.
  ///
  /// Constants are set too where their map is not made yet.
  ///
  /// - Parameter name: the map to set; nil for every map that the file has.
  func fill(_ name: String?, from document: MapDocument) throws(CommandError) {
    if let name {
      _ = try spec(of: name)
      let part = document.parts.first { $0.name == name || $0.name == nil }
      guard let part else {
        throw .noSuchName(
          kind: "map", name: name, place: document.path,
          known: document.parts.compactMap(\.name))
      }
      return try fill(name, with: part, of: document)
    }
    for part in document.parts {
      guard let name = part.name else {
        throw .input(
          name: document.path,
          detail: "a list of entries, which does not say of which map: give it as NAME=FILE")
      }
      // A dump has maps whose contents mean nothing outside of the run it was made in.
      if part.entries.isEmpty, engine.object.maps.contains(where: { $0.name == name }) { continue }
      guard engine.object.maps.contains(where: { $0.name == name }) else {
        let error = CommandError.noSuchName(
          kind: "map", name: name, place: path, known: engine.object.maps.map(\.name))
        throw document.failure(at: part.place, error.description)
      }
      try fill(name, with: part, of: document)
    }
  }

  private func fill(
    _ name: String, with part: MapDocument.Part, of document: MapDocument
  ) throws(CommandError) {
    let spec = try spec(of: name)
    try check(part, against: spec, of: document)
    let types = types(of: spec)
    let isConstant = spec.isFrozen && engine.map(named: name) == nil
    let map = isConstant ? nil : try map(named: name)
    var constants = constants(of: spec)
    for (index, element) in part.entries.enumerated() {
      let place = part.place.appending(index)
      let entry: MapEntry
      do throws(MapEntry.Failure) {
        entry = try MapEntry(
          element, types: types, isPerCPU: spec.kind.isPerCPU,
          holdsPrograms: spec.kind == .programArray,
          current: { key in isConstant ? constants[key] : (try? map?.get(key)) ?? nil })
      } catch {
        throw document.failure(
          at: JSONPath(place.steps + error.place.steps),
          "map \(name), entry \(index): \(error.description)")
      }
      if isConstant {
        if case .bytes(let value) = entry.value { constants[entry.key] = value }
        continue
      }
      guard let map else { continue }
      // Constants that are live hold what was given before.
      if spec.isFrozen { continue }
      do { try set(entry, in: map) } catch {
        throw document.failure(at: place, "map \(name), entry \(index): \(error)")
      }
    }
    if isConstant { setConstants(constants, of: name) }
  }

  /// Refuses entries of a map that the object declares otherwise.
  private func check(
    _ part: MapDocument.Part, against spec: MapSpec, of document: MapDocument
  ) throws(CommandError) {
    guard let description = part.description else { return }
    let facts: [(String, JSONValue)] = [
      ("kind", .string(spec.kind.name)), ("key_size", .integer(Int128(spec.keySize))),
      ("value_size", .integer(Int128(spec.valueSize))),
    ]
    for (field, expected) in facts {
      guard let found = description[field], found != expected else { continue }
      var place = part.place
      place.steps.removeLast()
      throw document.failure(
        at: place.appending(field),
        "map \(spec.name): \(field) is \(found.description), in \(path) it is \(expected.description)"
      )
    }
  }

  /// Sets the entry or variable that an argument names.
  ///
  /// - Returns: the name of the map.
  @discardableResult
  func set(_ assignment: MapAssignment) throws(CommandError) -> String {
    func failure(_ error: any Error) -> CommandError {
      .input(name: "--set \(assignment.text)", detail: "\(error)")
    }
    switch assignment.target {
    case .variable(let variable):
      let section = engine.object.maps.first {
        $0.isSection && types(of: $0).variables.contains(variable)
      }
      guard let section else {
        throw .noSuchName(
          kind: "global variable", name: variable, place: path,
          known: engine.object.maps.filter(\.isSection).flatMap { types(of: $0).variables })
      }
      let value = JSONValue.object([.init(variable, assignment.value)])
      try set(section, key: .integer(0), value: value, failure: failure)
      return section.name
    case .entry(let name, let key):
      try set(try spec(of: name), key: key, value: assignment.value, failure: failure)
      return name
    }
  }

  private func set(
    _ spec: MapSpec, key: JSONValue, value: JSONValue, failure: (any Error) -> CommandError
  ) throws(CommandError) {
    var constants = constants(of: spec)
    let isConstant = spec.isFrozen && engine.map(named: spec.name) == nil
    let map = isConstant ? nil : try map(named: spec.name)
    let element = JSONValue.object([.init("key", key), .init("value", value)])
    do {
      let entry = try MapEntry(
        element, types: types(of: spec), isPerCPU: spec.kind.isPerCPU,
        holdsPrograms: spec.kind == .programArray,
        current: { key in isConstant ? constants[key] : (try? map?.get(key)) ?? nil })
      if let map {
        try set(entry, in: map)
      } else if case .bytes(let value) = entry.value {
        constants[entry.key] = value
        setConstants(constants, of: spec.name)
      }
    } catch {
      throw failure(error)
    }
  }

  private func constants(of spec: MapSpec) -> [[UInt8]: [UInt8]] {
    var constants: [[UInt8]: [UInt8]] = [:]
    for entry in engine.initialContents[spec.name] ?? spec.contents {
      if case .bytes(let bytes) = entry.value { constants[entry.key] = bytes }
    }
    return constants
  }

  private func setConstants(_ constants: [[UInt8]: [UInt8]], of name: String) {
    engine.initialContents[name] = constants.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { MapSpec.InitialEntry(key: $0.key, value: .bytes($0.value)) }
  }

  private func set(_ entry: MapEntry, in map: Map) throws {
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
      guard engine.object.programs.contains(where: { $0.name == name }) else {
        throw CommandError.noSuchName(
          kind: "program", name: name, place: path, known: engine.object.programs.map(\.name))
      }
      let index = ValueType.number(entry.key[...], isSigned: false)
      guard index < map.spec.maxEntries else {
        throw CommandError.input(
          name: map.spec.name,
          detail: "slot \(index) of \(counted(map.spec.maxEntries, "slot"))")
      }
      slots[map.spec.name, default: [:]][UInt32(clamping: index)] = name
    }
  }
}
