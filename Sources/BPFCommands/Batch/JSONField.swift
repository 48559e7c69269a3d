/// A value of a request and the path to it, which errors name.
struct JSONField {
  let path: String
  let value: JSONValue

  func string() throws(BatchError) -> String {
    guard case .string(let text) = value else { throw wrongKind("a string") }
    return text
  }

  func bool() throws(BatchError) -> Bool {
    guard case .bool(let flag) = value else { throw wrongKind("a boolean") }
    return flag
  }

  func integer(_ range: ClosedRange<Int128>) throws(BatchError) -> Int128 {
    guard case .integer(let number) = value else { throw wrongKind("an integer") }
    guard range.contains(number) else { throw .outOfRange(path, value: number, range) }
    return number
  }

  /// The bytes a string spells in hexadecimal, at most `limit` of them.
  func hex(limit: Int = .max) throws(BatchError) -> [UInt8] {
    let text = try string()
    guard text.utf8.count / 2 <= limit else {
      throw .overLimit(path, asked: text.utf8.count / 2, limit: limit, unit: "bytes")
    }
    do { return try HexText.bytes(of: text) } catch { throw .hex(path, error) }
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type
  ) throws(BatchError) -> Choice {
    let name = try string()
    guard let choice = Choice(rawValue: name) else {
      throw .unknownName(path, value: name, known: Choice.allCases.map(\.rawValue))
    }
    return choice
  }

  func array() throws(BatchError) -> [JSONField] {
    guard case .array(let elements) = value else { throw wrongKind("an array") }
    return elements.enumerated().map { JSONField(path: "\(path)[\($0.offset)]", value: $0.element) }
  }

  func members() throws(BatchError) -> [(field: JSONField, name: String)] {
    guard case .object(let members) = value else { throw wrongKind("an object") }
    return members.map { (JSONField(path: "\(path).\($0.name)", value: $0.value), $0.name) }
  }

  private func wrongKind(_ expected: String) -> BatchError {
    .wrongKind(path, expected: expected, found: value.kindName)
  }
}
