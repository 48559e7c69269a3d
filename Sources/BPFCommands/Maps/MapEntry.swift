/// An entry of a map as JSON, of the form that Documentation/Maps.md describes.
struct MapEntry: Equatable {
  let key: [UInt8]
  let value: Value

  enum Value: Equatable {
    /// The value's bytes; in a per-CPU map, of every CPU.
    case bytes([UInt8])
    /// In a per-CPU map, the value of each CPU from 0 on.
    case perCPU([[UInt8]])
    /// In a program array, the program's name.
    case program(String)
  }

  init(key: [UInt8], value: Value) {
    self.key = key
    self.value = value
  }

  /// Why JSON is none of this form: a sentence that says where, and the place inside the entry.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let place: JSONPath
    let description: String

    init(place: JSONPath = JSONPath(), description: String) {
      self.place = place
      self.description = description
    }
  }

  /// Reads an entry of a map.
  ///
  /// - Parameter current: The value a key has now, for sections of which a file sets some variables.
  init(
    _ element: JSONValue, types: MapTypes, isPerCPU: Bool, holdsPrograms: Bool,
    current: ([UInt8]) -> [UInt8]? = { _ in nil }
  ) throws(Failure) {
    guard case .object(let members) = element else {
      throw Failure(description: "expected an object, found \(element.kindName)")
    }
    let known = ["key", "key_hex", "value", "value_hex", "values", "values_hex"]
    for member in members where !known.contains(member.name) {
      let nearest = NearMatch.nearest(to: member.name, in: known)
      throw Failure(
        place: JSONPath().appending(member.name),
        description: "no such field \(member.name.quotedForDisplay)"
          + (nearest.map { "; did you mean '\($0)'?" }
            ?? "; there are \(known.joined(separator: ", "))"))
    }
    guard
      let key = try Self.agreed(
        element, "key", hexType: .bytes(count: types.key.size),
        { (json) throws(ValueError) in try types.keyBytes(json) })
    else { throw Failure(description: "'key' is missing") }
    if holdsPrograms {
      guard case .string(let program) = element["value"] else {
        throw Failure(description: "'value' must be the name of a program")
      }
      self.init(key: key, value: .program(program))
      return
    }
    let base = current(key)
    let value = try Self.agreed(
      element, "value", hexType: .bytes(count: types.value.size),
      { (json) throws(ValueError) in try types.value.bytes(from: json, base: base?[...]) })
    let values = try Self.valuesOfCPUs(element, types: types)
    switch (value, values) {
    case (.some(let value), nil): self.init(key: key, value: .bytes(value))
    case (nil, .some(let values)) where isPerCPU: self.init(key: key, value: .perCPU(values))
    case (nil, .some): throw Failure(description: "'values' is for per-CPU maps")
    case (.some, .some): throw Failure(description: "has 'value' and 'values'")
    case (nil, nil): throw Failure(description: "'value' is missing")
    }
  }

  private static func valuesOfCPUs(
    _ element: JSONValue, types: MapTypes
  ) throws(Failure) -> [[UInt8]]? {
    let lists = [
      ("values", types.value), ("values_hex", ValueType.bytes(count: types.value.size)),
    ]
    var result: [[UInt8]]?
    for (field, type) in lists {
      guard let list = element[field] else { continue }
      guard case .array(let parts) = list else {
        throw Failure(
          place: JSONPath().appending(field),
          description: "\(field): expected an array, found \(list.kindName)")
      }
      var values: [[UInt8]] = []
      for (index, part) in parts.enumerated() {
        do { values.append(try type.bytes(from: part, path: "\(field)[\(index)]")) } catch {
          throw Failure(place: JSONPath(named: error.path), description: "\(error)")
        }
      }
      if let other = result, other != values {
        throw Failure(description: "'values' and 'values_hex' differ")
      }
      result = values
    }
    return result
  }

  /// The bytes that a field, its form in hexadecimal or both say; nil where there is neither.
  private static func agreed(
    _ element: JSONValue, _ field: String, hexType: ValueType,
    _ read: (JSONValue) throws(ValueError) -> [UInt8]
  ) throws(Failure) -> [UInt8]? {
    let bytes: [UInt8]?
    do throws(ValueError) { bytes = try element[field].map(read) } catch {
      throw Failure(
        place: JSONPath(named: error.path, in: field), description: "\(field): \(error)")
    }
    let hex: [UInt8]?
    do throws(ValueError) {
      hex = try element[field + "_hex"].map { (json) throws(ValueError) in
        try hexType.bytes(from: json)
      }
    } catch {
      throw Failure(
        place: JSONPath().appending(field + "_hex"), description: "\(field)_hex: \(error)")
    }
    guard bytes == nil || hex == nil || bytes == hex else {
      throw Failure(description: "'\(field)' and '\(field)_hex' differ")
    }
    return hex ?? bytes
  }
}
