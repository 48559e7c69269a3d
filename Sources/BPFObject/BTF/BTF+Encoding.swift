extension BTF {
  /// The bytes of a value of a type, as many as the type's size.
  ///
  /// A structure's members are found by name, in any order; those that are not given are zero. A number fits
  /// any number type that can hold it, text or bytes an array of bytes that is long enough.
  ///
  /// - Complexity: O(size of the type + size of the value).
  /// - Throws: ``ObjectError/value(path:_:)``.
  public func encode(_ id: TypeID, _ value: BTFValue) throws(ObjectError) -> [UInt8] {
    let size = try checkedSize(of: id)
    guard size <= Self.encodedSizeLimit else {
      throw .value(path: "", .tooLarge(size: size, limit: Self.encodedSizeLimit))
    }
    var writer = ValueWriter(size: size)
    try encode(id, value, at: 0, &writer)
    return writer.bytes
  }

  /// - Parameter offset: where the value begins, in bits.
  private func encode(
    _ id: TypeID, _ value: BTFValue, at offset: Int, _ writer: inout ValueWriter
  ) throws(ObjectError) {
    let resolved = resolve(id)
    let size = try checkedSize(of: id)
    switch types[Int(resolved)].kind {
    case .integer, .enumeration, .pointer:
      guard size <= 8 else {
        return try encodeBytes(value, size, exactly: true, at: offset, &writer)
      }
      try encodeNumber(resolved, value, at: offset, width: 8 * size, &writer)
    case .float:
      try encodeFloat(value, size, at: offset, &writer)
    case .array(let element, _, let count):
      if byteArray(of: element) != nil, case .array = value {
      } else if byteArray(of: element) != nil {
        return try encodeBytes(value, size, exactly: false, at: offset, &writer)
      }
      guard case .array(let elements) = value else {
        throw .value(path: "", .mismatch(found: value.kindName, expected: "an array"))
      }
      guard elements.count <= Int(count) else {
        throw .value(path: "", .wrongSize(found: elements.count, expected: Int(count)))
      }
      let elementSize = try checkedSize(of: element)
      for (index, part) in elements.enumerated() {
        do {
          try encode(element, part, at: offset + 8 * elementSize * index, &writer)
        } catch {
          throw error.inside("[\(index)]")
        }
      }
    case .structure(let composite), .union(let composite):
      var places: [String: Place] = [:]
      collect(composite, base: offset, into: &places)
      try encodeMembers(value, places, &writer)
    case .dataSection(_, let variables):
      var places: [String: Place] = [:]
      for variable in variables where self.size(of: variable.type) != nil {
        places[name(of: variable.type)] = Place(
          type: variable.type, offset: offset + 8 * Int(variable.offset), width: nil)
      }
      try encodeMembers(value, places, &writer)
    case .void, .forward, .typedef, .volatile, .const, .restrict, .function, .functionPrototype,
      .variable, .declarationTag, .typeTag:
      throw .value(path: "", .unsized(declaredName(of: id)))
    }
  }

  /// Where a member lies, in bits.
  private struct Place {
    let type: TypeID
    let offset: Int
    /// The width of a bitfield; nil for a whole member.
    let width: Int?
  }

  /// The members by name, with those of members without a name.
  private func collect(
    _ composite: BTFType.Composite, base: Int, into places: inout [String: Place]
  ) {
    for member in composite.members {
      if member.nameOffset == 0 {
        switch types[Int(resolve(member.type))].kind {
        case .structure(let inner), .union(let inner):
          collect(inner, base: base + Int(member.bitOffset), into: &places)
        case .void, .integer, .pointer, .array, .enumeration, .forward, .typedef, .volatile,
          .const, .restrict, .function, .functionPrototype, .variable, .dataSection, .float,
          .declarationTag, .typeTag:
          break
        }
        continue
      }
      let place = bits(of: member, base: base)
      places[string(at: member.nameOffset)] = Place(
        type: member.type, offset: place?.offset ?? base + Int(member.bitOffset),
        width: place?.width)
    }
  }

  private func encodeMembers(
    _ value: BTFValue, _ places: [String: Place], _ writer: inout ValueWriter
  ) throws(ObjectError) {
    guard case .structure(let members) = value else {
      throw .value(path: "", .mismatch(found: value.kindName, expected: "a structure"))
    }
    var seen: Set<String> = []
    for member in members {
      guard let place = places[member.name] else {
        throw .value(path: "", .noSuchMember(member.name))
      }
      guard seen.insert(member.name).inserted else {
        throw .value(path: "", .memberTwice(member.name))
      }
      do {
        if let width = place.width, width <= 64 {
          try encodeNumber(
            resolve(place.type), member.value, at: place.offset, width: width, &writer)
        } else {
          try encode(place.type, member.value, at: place.offset, &writer)
        }
      } catch {
        throw error.inside(member.name)
      }
    }
  }

  private func encodeNumber(
    _ id: TypeID, _ value: BTFValue, at offset: Int, width: Int, _ writer: inout ValueWriter
  ) throws(ObjectError) {
    let number: Int128
    switch value {
    case .signed(let given, _): number = Int128(given)
    case .unsigned(let given, _), .pointer(let given): number = Int128(given)
    case .boolean(let given): number = given ? 1 : 0
    case .enumerator(let name, _): number = try enumerator(name, of: id)
    case .text, .structure, .array, .float, .bytes:
      throw .value(path: "", .mismatch(found: value.kindName, expected: "a number"))
    }
    let isSigned =
      switch types[Int(id)].kind {
      case .integer(let integer): integer.isSigned
      case .enumeration(let enumeration): enumeration.isSigned
      case .void, .pointer, .array, .structure, .union, .forward, .typedef, .volatile, .const,
        .restrict, .function, .functionPrototype, .variable, .dataSection, .float,
        .declarationTag, .typeTag:
        false
      }
    let range: Range<Int128> =
      isSigned ? -(1 << (width - 1))..<(1 << (width - 1)) : 0..<(1 << width)
    guard range.contains(number) else {
      throw .value(path: "", .outOfRange("\(number)", bits: width))
    }
    try writer.write(UInt64(truncatingIfNeeded: number), at: offset, width: width)
  }

  private func enumerator(_ name: String, of id: TypeID) throws(ObjectError) -> Int128 {
    guard case .enumeration(let enumeration) = types[Int(id)].kind else {
      throw .value(path: "", .mismatch(found: "an enumerator", expected: "a number"))
    }
    for candidate in enumeration.enumerators
    where strings.hasString(name, at: Int(candidate.nameOffset)) {
      return enumeration.isSigned
        ? Int128(candidate.value) : Int128(UInt64(bitPattern: candidate.value))
    }
    throw .value(path: "", .noSuchEnumerator(name))
  }

  private func encodeFloat(
    _ value: BTFValue, _ size: Int, at offset: Int, _ writer: inout ValueWriter
  ) throws(ObjectError) {
    guard size == 4 || size == 8 else {
      return try encodeBytes(value, size, exactly: true, at: offset, &writer)
    }
    guard case .float(let number) = value else {
      throw .value(
        path: "", .mismatch(found: value.kindName, expected: "a floating-point number"))
    }
    let bits = size == 4 ? UInt64(Float(number).bitPattern) : number.bitPattern
    try writer.write(bits, at: offset, width: 8 * size)
  }

  private func encodeBytes(
    _ value: BTFValue, _ size: Int, exactly: Bool, at offset: Int, _ writer: inout ValueWriter
  ) throws(ObjectError) {
    let bytes: [UInt8]
    switch value {
    case .text(let text): bytes = Array(text.utf8)
    case .bytes(let given): bytes = given
    case .signed, .unsigned, .boolean, .enumerator, .structure, .array, .pointer, .float:
      throw .value(path: "", .mismatch(found: value.kindName, expected: "text or bytes"))
    }
    guard exactly ? bytes.count == size : bytes.count <= size else {
      throw .value(path: "", .wrongSize(found: bytes.count, expected: size))
    }
    for index in 0..<size {
      let byte = index < bytes.count ? bytes[index] : 0
      try writer.write(UInt64(byte), at: offset + 8 * index, width: 8)
    }
  }
}

/// Builds the bytes of a value, and notices when members of a union contradict each other.
private struct ValueWriter {
  private(set) var bytes: [UInt8]
  /// The bits that have been written.
  private var written: [UInt8]

  init(size: Int) {
    bytes = Array(repeating: 0, count: size)
    written = bytes
  }

  mutating func write(_ value: UInt64, at offset: Int, width: Int) throws(ObjectError) {
    var done = 0
    while done < width {
      let bit = offset + done
      let taken = min(8 - bit % 8, width - done)
      guard bit / 8 < bytes.count else {
        throw .value(path: "", .wrongSize(found: bytes.count, expected: bit / 8 + 1))
      }
      let mask = UInt8(truncatingIfNeeded: (1 << taken) - 1) << UInt8(bit % 8)
      let part = UInt8(truncatingIfNeeded: value >> UInt64(done)) << UInt8(bit % 8) & mask
      guard (bytes[bit / 8] ^ part) & mask & written[bit / 8] == 0 else {
        throw .value(path: "", .contradiction)
      }
      bytes[bit / 8] = bytes[bit / 8] & ~mask | part
      written[bit / 8] |= mask
      done += taken
    }
  }
}
