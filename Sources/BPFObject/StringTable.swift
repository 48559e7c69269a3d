/// NUL-terminated strings in a region, decoded at most once each and with a bound on their total size.
///
/// Names may overlap in a file: a million of them can share one long string. The bound keeps what is decoded
/// within a small factor of the file's size.
struct StringTable: Sendable {
  let reader: ByteReader
  /// How many more bytes of names may be decoded.
  private var budget: Int
  private let limit: Int
  private var decoded: [Int: String] = [:]

  init(_ reader: ByteReader, budget: Int) {
    self.reader = reader
    self.budget = budget
    self.limit = budget
  }

  /// The string at `offset`; bytes that are no UTF-8 become replacement characters.
  ///
  /// - Complexity: O(length of the string), or O(1) for an offset seen before.
  mutating func string(at offset: UInt32) throws(ObjectError) -> String {
    let position = Int(offset)
    if let known = decoded[position] { return known }
    guard position < reader.count, let length = try reader.stringLength(at: position) else {
      throw .nameOutsideTable(table: reader.region, offset: position, tableSize: reader.count)
    }
    guard length <= budget else { throw .namesTooLong(table: reader.region, limit: limit) }
    budget -= length
    let bytes = try reader.bytes(at: position, size: length)
    let string = String(decoding: bytes, as: UTF8.self)
    decoded[position] = string
    return string
  }
}
