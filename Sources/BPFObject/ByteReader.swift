/// Bounds-checked little-endian reads within one region of a file's bytes: a section, or the whole file.
struct ByteReader: Sendable {
  private let bytes: [UInt8]
  private let range: Range<Int>
  /// What the region is called in errors.
  let region: String

  /// The region `range` of `bytes`, which must contain it.
  init(_ bytes: [UInt8], _ range: Range<Int>, region: String) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= bytes.count, "a region lies within its bytes")
    self.bytes = bytes
    self.range = range
    self.region = region
  }

  init(_ bytes: [UInt8], region: String) {
    self.init(bytes, 0..<bytes.count, region: region)
  }

  /// The size of the region in bytes.
  var count: Int { range.count }

  /// The region from `offset`, `size` bytes of it.
  func slice(at offset: Int, size: Int) throws(ObjectError) -> ByteReader {
    let start = try position(offset, size)
    return ByteReader(bytes, start..<start + size, region: region)
  }

  /// The same region under another name.
  func named(_ name: String) -> ByteReader {
    ByteReader(bytes, range, region: name)
  }

  func uint8(at offset: Int) throws(ObjectError) -> UInt8 {
    bytes[try position(offset, 1)]
  }

  func uint16(at offset: Int) throws(ObjectError) -> UInt16 {
    let start = try position(offset, 2)
    return UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
  }

  func uint32(at offset: Int) throws(ObjectError) -> UInt32 {
    let start = try position(offset, 4)
    return UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
      | UInt32(bytes[start + 3]) << 24
  }

  func uint64(at offset: Int) throws(ObjectError) -> UInt64 {
    let low = UInt64(try uint32(at: offset))
    return low | UInt64(try uint32(at: offset + 4)) << 32
  }

  /// `size` bytes from `offset`, copied.
  func bytes(at offset: Int, size: Int) throws(ObjectError) -> [UInt8] {
    let start = try position(offset, size)
    return Array(bytes[start..<start + size])
  }

  /// The length of the NUL-terminated string at `offset`, without its NUL; nil where the region ends before one.
  ///
  /// - Complexity: O(length of the string).
  func stringLength(at offset: Int) throws(ObjectError) -> Int? {
    let start = try position(offset, 1)
    var end = start
    while end < range.upperBound {
      if bytes[end] == 0 { return end - start }
      end += 1
    }
    return nil
  }

  /// Whether the NUL-terminated string at `offset` is `wanted`.
  ///
  /// - Complexity: O(length of `wanted`).
  func hasString(_ wanted: String, at offset: Int) -> Bool {
    guard offset >= 0, offset < count else { return false }
    var position = range.lowerBound + offset
    for unit in wanted.utf8 {
      guard position < range.upperBound, bytes[position] == unit else { return false }
      position += 1
    }
    return position < range.upperBound && bytes[position] == 0
  }

  /// The index in `bytes` of the region's `offset`, once `size` bytes from there are known to be inside.
  private func position(_ offset: Int, _ size: Int) throws(ObjectError) -> Int {
    guard offset >= 0, size >= 0, offset <= count, size <= count - offset else {
      throw .truncated(region: region, offset: offset, needed: size, available: count)
    }
    return range.lowerBound + offset
  }
}
