extension ValueType {
  /// The bytes that a JSON value stands for.
  ///
  /// - Parameters:
  ///   - base: The bytes before: what a section of global variables keeps where it is not mentioned.
  ///   - path: Where the value stands, for errors.
  func bytes(
    from value: JSONValue, base: ArraySlice<UInt8>? = nil, path: String = ""
  ) throws(ValueError) -> [UInt8] {
    if case .object(let members) = value, members.count == 1, members[0].name == "hex" {
      return try Self.hexBytes(members[0].value, count: size, path: Self.join(path, "hex"))
    }
    switch self {
    case .integer(let integer):
      if integer.isBoolean, case .bool(let flag) = value {
        return Self.bytes(of: flag ? 1 : 0, count: size)
      }
      return try Self.numberBytes(value, size: size, isSigned: integer.isSigned, path: path)
    case .networkInteger:
      if size == 4, case .string(let text) = value {
        guard let address = NetworkAddress.v4(text) else {
          throw ValueError(path: path, reason: .notAnAddress(text))
        }
        return address
      }
      return try Self.numberBytes(value, size: size, isSigned: false, path: path).reversed()
    case .address(let size):
      return try Self.arrayBytes(
        value, of: .integer(.init(size: 1, isSigned: false)), count: size, path: path)
    case .float:
      return try Self.floatBytes(value, size: size, path: path)
    case .enumeration(_, let isSigned, let values):
      guard case .string(let name) = value else {
        return try Self.numberBytes(value, size: size, isSigned: isSigned, path: path)
      }
      guard let named = values.first(where: { $0.name == name }) else {
        throw ValueError(path: path, reason: .noSuchName(name, known: values.map(\.name)))
      }
      return Self.bytes(of: named.value, count: size)
    case .characters(let count):
      guard case .string(let text) = value else { throw Self.wrongKind("a text", value, path) }
      guard text.utf8.count <= count else {
        throw ValueError(path: path, reason: .textTooLong(found: text.utf8.count, limit: count))
      }
      return Array(text.utf8) + Array(repeating: 0, count: count - text.utf8.count)
    case .array(let element, let count):
      return try Self.arrayBytes(value, of: element, count: count, path: path)
    case .structure(let structure):
      return try Self.structureBytes(value, of: structure, base: base, path: path)
    case .bytes(let count):
      if case .integer = value, [1, 2, 4, 8].contains(count) {
        return try Self.numberBytes(value, size: count, isSigned: nil, path: path)
      }
      if count == 4, case .string(let text) = value, let address = NetworkAddress.v4(text) {
        return address
      }
      return try Self.hexBytes(value, count: count, path: path)
    }
  }

  private static func arrayBytes(
    _ value: JSONValue, of element: ValueType, count: Int, path: String
  ) throws(ValueError) -> [UInt8] {
    if element.isByte, case .string(let text) = value {
      if count == 4, let address = NetworkAddress.v4(text) { return address }
      if count == 16, let address = NetworkAddress.v6(text) { return address }
      return try hexBytes(value, count: count, path: path)
    }
    guard case .array(let elements) = value else {
      throw wrongKind(element.isByte ? "an array or hex" : "an array", value, path)
    }
    guard elements.count <= count else {
      throw ValueError(
        path: path, reason: .tooManyElements(found: elements.count, limit: count))
    }
    var bytes: [UInt8] = []
    for (index, part) in elements.enumerated() {
      bytes += try element.bytes(from: part, path: "\(path)[\(index)]")
    }
    return bytes + Array(repeating: 0, count: element.size * count - bytes.count)
  }

  private static func structureBytes(
    _ value: JSONValue, of structure: Structure, base: ArraySlice<UInt8>?, path: String
  ) throws(ValueError) -> [UInt8] {
    guard case .object(let members) = value else {
      // A structure of one member may be written as that member.
      if structure.members.count == 1, let member = structure.members.first,
        member.range(in: structure.size) == 0..<structure.size
      {
        return try member.type.bytes(from: value, path: path)
      }
      throw wrongKind("an object", value, path)
    }
    var bytes = [UInt8](repeating: 0, count: structure.size)
    if structure.kind == .section, let base, base.count == bytes.count { bytes = Array(base) }
    let known = namedMembers(of: structure)
    for member in members {
      guard let found = known.first(where: { $0.name == member.name }) else {
        throw ValueError(
          path: path, reason: .noSuchMember(member.name, known: known.map(\.name)))
      }
      try write(member.value, as: found, to: &bytes, path: join(path, member.name))
    }
    return bytes
  }

  private static func write(
    _ value: JSONValue, as member: Member, to bytes: inout [UInt8], path: String
  ) throws(ValueError) {
    if let range = member.range(in: bytes.count) {
      bytes.replaceSubrange(
        range, with: try member.type.bytes(from: value, base: bytes[range], path: path))
      return
    }
    guard let count = member.bitCount, (1...64).contains(count), member.bitOffset >= 0,
      member.bitOffset <= bytes.count * 8 - count
    else {
      throw ValueError(path: path, reason: .length(found: bytes.count, expected: member.type.size))
    }
    let number = try number(value, bits: count, isSigned: member.type.isSigned, path: path)
    for bit in 0..<count {
      let position = member.bitOffset + bit
      let mask = UInt8(1) << UInt8(position % 8)
      if number >> Int128(bit) & 1 == 1 {
        bytes[position / 8] |= mask
      } else {
        bytes[position / 8] &= ~mask
      }
    }
  }

  /// The members that have names, those of anonymous structures and unions among them.
  private static func namedMembers(of structure: Structure) -> [Member] {
    structure.members.flatMap { member -> [Member] in
      guard member.name.isEmpty, case .structure(let inner) = member.type else { return [member] }
      return namedMembers(of: inner).map {
        var moved = $0
        moved.bitOffset += member.bitOffset
        return moved
      }
    }
  }
}

// MARK: - Numbers and hex

extension ValueType {
  private static func numberBytes(
    _ value: JSONValue, size: Int, isSigned: Bool?, path: String
  ) throws(ValueError) -> [UInt8] {
    bytes(of: try number(value, bits: 8 * size, isSigned: isSigned, path: path), count: size)
  }

  /// An integer that fits a number of bits; signed or not where that is not known.
  private static func number(
    _ value: JSONValue, bits: Int, isSigned: Bool?, path: String
  ) throws(ValueError) -> Int128 {
    guard case .integer(let number) = value else { throw wrongKind("an integer", value, path) }
    guard bits < 128 else { return number }
    let lowest = isSigned == false ? 0 : -(Int128(1) << Int128(bits - 1))
    let highest = (Int128(1) << Int128(isSigned == true ? bits - 1 : bits)) - 1
    guard (lowest...highest).contains(number) else {
      throw ValueError(path: path, reason: .outOfRange(number, lowest...highest))
    }
    return number
  }

  private static func floatBytes(
    _ value: JSONValue, size: Int, path: String
  ) throws(ValueError) -> [UInt8] {
    let number: Double
    switch value {
    case .number(let value): number = value
    case .integer(let value): number = Double(value)
    case .null, .bool, .string, .array, .object: throw wrongKind("a number", value, path)
    }
    return size == 4
      ? bytes(of: Int128(Float(number).bitPattern), count: size)
      : bytes(of: Int128(number.bitPattern), count: size)
  }

  private static func hexBytes(
    _ value: JSONValue, count: Int, path: String
  ) throws(ValueError) -> [UInt8] {
    guard case .string(let text) = value else { throw wrongKind("hex in a string", value, path) }
    let bytes: [UInt8]
    do { bytes = try HexText.bytes(of: text, spacing: .whiteSpace) } catch {
      throw ValueError(path: path, reason: .hex(error))
    }
    guard bytes.count == count else {
      throw ValueError(path: path, reason: .length(found: bytes.count, expected: count))
    }
    return bytes
  }

  /// The lowest bytes of a number, least significant first.
  static func bytes(of number: Int128, count: Int) -> [UInt8] {
    (0..<count).map { $0 < 16 ? UInt8(truncatingIfNeeded: number >> Int128(8 * $0)) : 0 }
  }

  private static func wrongKind(
    _ expected: String, _ value: JSONValue, _ path: String
  ) -> ValueError {
    ValueError(path: path, reason: .wrongKind(expected: expected, found: value.kindName))
  }

  private static func join(_ path: String, _ name: String) -> String {
    path.isEmpty ? name : "\(path).\(name)"
  }
}
