/// What a file of map contents says, of the form that Documentation/Maps.md describes.
struct MapFile {
  let entries: [Entry]

  struct Entry: Equatable {
    let key: [UInt8]
    let value: Value
  }

  enum Value: Equatable {
    /// The value's bytes; in a per-CPU map, of every CPU.
    case bytes([UInt8])
    /// In a per-CPU map, the value of each CPU from 0 on.
    case perCPU([[UInt8]])
    /// In a program array, the program's name.
    case program(String)
  }

  /// Why a file is none of this form: a sentence that says where.
  struct Failure: Error, Equatable {
    let description: String
  }

  /// Reads a file's bytes as entries of a map.
  ///
  /// - Parameter current: The value a key has now, for sections of which a file sets some variables.
  init(
    _ bytes: [UInt8], types: MapTypes, isPerCPU: Bool, holdsPrograms: Bool,
    current: ([UInt8]) -> [UInt8]? = { _ in nil }
  ) throws(Failure) {
    let value: JSONValue
    do { value = try JSONParser.parse(bytes) } catch { throw Failure(description: "\(error)") }
    guard case .array(let elements) = value else {
      throw Failure(description: "expected an array of entries, found \(value.kindName)")
    }
    var entries: [Entry] = []
    for (index, element) in elements.enumerated() {
      entries.append(
        try Self.entry(
          element, name: "entry \(index)", types: types, isPerCPU: isPerCPU,
          holdsPrograms: holdsPrograms, current: current))
    }
    self.entries = entries
  }

  private static func entry(
    _ element: JSONValue, name: String, types: MapTypes, isPerCPU: Bool, holdsPrograms: Bool,
    current: ([UInt8]) -> [UInt8]?
  ) throws(Failure) -> Entry {
    guard case .object(let members) = element else {
      throw Failure(description: "\(name): expected an object, found \(element.kindName)")
    }
    let known = ["key", "key_hex", "value", "value_hex", "values", "values_hex"]
    for member in members where !known.contains(member.name) {
      let nearest = NearMatch.nearest(to: member.name, in: known)
      throw Failure(
        description: "\(name): no such field \(member.name.quotedForDisplay)"
          + (nearest.map { "; did you mean '\($0)'?" }
            ?? "; there are \(known.joined(separator: ", "))"))
    }
    guard
      let key = try agreed(
        element, "key", name: name, hexType: .bytes(count: types.key.size),
        { (json) throws(ValueError) in try types.keyBytes(json) })
    else { throw Failure(description: "\(name): 'key' is missing") }
    if holdsPrograms {
      guard case .string(let program) = element["value"] else {
        throw Failure(description: "\(name): 'value' must be the name of a program")
      }
      return Entry(key: key, value: .program(program))
    }
    let base = current(key)
    let value = try agreed(
      element, "value", name: name, hexType: .bytes(count: types.value.size),
      { (json) throws(ValueError) in try types.value.bytes(from: json, base: base?[...]) })
    let values = try valuesOfCPUs(element, types: types, name: name)
    switch (value, values) {
    case (.some(let value), nil): return Entry(key: key, value: .bytes(value))
    case (nil, .some(let values)) where isPerCPU: return Entry(key: key, value: .perCPU(values))
    case (nil, .some): throw Failure(description: "\(name): 'values' is for per-CPU maps")
    case (.some, .some): throw Failure(description: "\(name): has 'value' and 'values'")
    case (nil, nil): throw Failure(description: "\(name): 'value' is missing")
    }
  }

  private static func valuesOfCPUs(
    _ element: JSONValue, types: MapTypes, name: String
  ) throws(Failure) -> [[UInt8]]? {
    let lists = [
      ("values", types.value), ("values_hex", ValueType.bytes(count: types.value.size)),
    ]
    var result: [[UInt8]]?
    for (field, type) in lists {
      guard let list = element[field] else { continue }
      guard case .array(let parts) = list else {
        throw Failure(description: "\(name): \(field): expected an array, found \(list.kindName)")
      }
      var values: [[UInt8]] = []
      for (index, part) in parts.enumerated() {
        do { values.append(try type.bytes(from: part, path: "\(field)[\(index)]")) } catch {
          throw Failure(description: "\(name): \(error)")
        }
      }
      if let other = result, other != values {
        throw Failure(description: "\(name): 'values' and 'values_hex' differ")
      }
      result = values
    }
    return result
  }

  /// The bytes that a field, its form in hexadecimal or both say; nil where there is neither.
  private static func agreed(
    _ element: JSONValue, _ field: String, name: String, hexType: ValueType,
    _ read: (JSONValue) throws(ValueError) -> [UInt8]
  ) throws(Failure) -> [UInt8]? {
    let bytes: [UInt8]?
    do throws(ValueError) { bytes = try element[field].map(read) } catch {
      throw Failure(description: "\(name): \(field): \(error)")
    }
    let hex: [UInt8]?
    do throws(ValueError) {
      hex = try element[field + "_hex"].map { (json) throws(ValueError) in
        try hexType.bytes(from: json)
      }
    } catch {
      throw Failure(description: "\(name): \(field)_hex: \(error)")
    }
    guard bytes == nil || hex == nil || bytes == hex else {
      throw Failure(description: "\(name): '\(field)' and '\(field)_hex' differ")
    }
    return hex ?? bytes
  }
}
