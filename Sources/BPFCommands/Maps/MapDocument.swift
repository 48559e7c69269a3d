/// A file of map contents, of one of the forms that Documentation/Maps.md describes: a list of entries for a map that
/// is named elsewhere, or what `bpfkit maps dump` and `bpfkit run --json` print of several maps.
struct MapDocument {
  /// The path, for errors.
  let path: String
  let text: [UInt8]
  let parts: [Part]

  /// The entries of one map.
  struct Part {
    /// The map's name; nil in a file that is a list of entries.
    let name: String?
    let entries: [JSONValue]
    /// Where the list of entries stands in the file.
    let place: JSONPath
    /// The whole description of the map that the entries are of; nil in a file that is a list of entries.
    let description: JSONValue?
  }

  /// Reads a file's text.
  init(_ text: [UInt8], path: String) throws(CommandError) {
    self.path = path
    self.text = text
    let value: JSONValue
    do { value = try JSONParser.parse(text) } catch {
      throw .input(
        name: path, detail: "\(TextPlace(of: error.offset, in: text)): \(error.what)")
    }
    if case .array(let entries) = value {
      parts = [Part(name: nil, entries: entries, place: JSONPath(), description: nil)]
      return
    }
    func failure(_ place: JSONPath, _ detail: String) -> CommandError {
      .input(name: path, detail: "\(place.place(in: text)): \(detail)")
    }
    let listPlace = JSONPath().appending("maps")
    guard case .object = value, let list = value["maps"] else {
      throw failure(
        JSONPath(),
        "expected a list of entries, or an object with 'maps', found \(value.kindName)")
    }
    guard case .array(let maps) = list else {
      throw failure(listPlace, "maps: expected an array, found \(list.kindName)")
    }
    var parts: [Part] = []
    for (index, map) in maps.enumerated() {
      let place = listPlace.appending(index)
      guard case .object = map else {
        throw failure(place, "maps[\(index)]: expected an object, found \(map.kindName)")
      }
      guard case .string(let name)? = map["name"] else {
        throw failure(place, "maps[\(index)]: 'name' is missing, or no string")
      }
      guard !parts.contains(where: { $0.name == name }) else {
        throw failure(place, "the map \(name.quotedForDisplay) is there twice")
      }
      guard case .array(let entries)? = map["entries"] else {
        throw failure(place, "map \(name.quotedForDisplay): 'entries' is missing, or no array")
      }
      parts.append(
        Part(
          name: name, entries: entries, place: place.appending("entries"), description: map))
    }
    self.parts = parts
  }

  /// The error for something wrong at a place of the file.
  func failure(at place: JSONPath, _ detail: String) -> CommandError {
    .input(name: path, detail: "\(place.place(in: text)): \(detail)")
  }
}
