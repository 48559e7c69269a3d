extension BTF {
  /// Reads bytes as a value of a type.
  ///
  /// - Parameter bytes: exactly as many as the type's size.
  /// - Complexity: O(number of values the type stands for), at most ``valueLimit``.
  /// - Throws: ``ObjectError/value(path:_:)``.
  public func decode(_ id: TypeID, _ bytes: [UInt8]) throws(ObjectError) -> BTFValue {
    let size = try checkedSize(of: id)
    guard bytes.count == size else {
      throw .value(path: "", .wrongSize(found: bytes.count, expected: size))
    }
    var decoder = ValueDecoder(btf: self, bits: ValueBits(bytes: bytes))
    return try decoder.decode(id, at: 0)
  }
}

/// Reads values of one run of bytes; names that occur often are made once.
private struct ValueDecoder {
  let btf: BTF
  let bits: ValueBits
  private var names: [UInt32: String] = [:]

  init(btf: BTF, bits: ValueBits) {
    self.btf = btf
    self.bits = bits
  }

  private mutating func name(at offset: UInt32) -> String {
    if let known = names[offset] { return known }
    let name = btf.string(at: offset)
    names[offset] = name
    return name
  }

  /// - Parameter offset: where the value begins, in bits.
  mutating func decode(
    _ id: BTF.TypeID, at offset: Int
  ) throws(ObjectError) -> BTFValue {
    let resolved = btf.resolve(id)
    let size = try btf.checkedSize(of: id)
    switch btf.types[Int(resolved)].kind {
    case .integer, .enumeration:
      guard size <= 8 else { return .bytes(bits.bytes(at: offset, count: size)) }
      return number(resolved, at: offset, width: 8 * size)
    case .pointer: return .pointer(bits.number(at: offset, width: 64))
    case .float:
      switch size {
      case 4: return .float(Double(Float(bitPattern: UInt32(bits.number(at: offset, width: 32)))))
      case 8: return .float(Double(bitPattern: bits.number(at: offset, width: 64)))
      default: return .bytes(bits.bytes(at: offset, count: size))
      }
    case .array(let element, _, let count):
      return try array(of: element, Int(count), size, at: offset)
    case .structure(let composite), .union(let composite):
      var members: [BTFValue.Member] = []
      try decodeMembers(composite, at: offset, into: &members)
      return .structure(members)
    case .dataSection(let size, let variables):
      var members: [BTFValue.Member] = []
      for variable in variables {
        guard let variableSize = btf.size(of: variable.type) else { continue }
        let name = name(at: btf.types[Int(variable.type)].nameOffset)
        guard Int(variable.offset) + variableSize <= Int(size) else {
          throw .value(
            path: name,
            .wrongSize(found: Int(size), expected: Int(variable.offset) + variableSize))
        }
        do {
          let value = try decode(variable.type, at: offset + 8 * Int(variable.offset))
          members.append(.init(name, value))
        } catch {
          throw error.inside(name)
        }
      }
      return .structure(members)
    case .void, .forward, .typedef, .volatile, .const, .restrict, .function, .functionPrototype,
      .variable, .declarationTag, .typeTag:
      throw .value(path: "", .unsized(btf.declaredName(of: id)))
    }
  }

  private mutating func array(
    of element: BTF.TypeID, _ count: Int, _ size: Int, at offset: Int
  ) throws(ObjectError) -> BTFValue {
    switch btf.byteArray(of: element) {
    case .bytes: return .bytes(bits.bytes(at: offset, count: size))
    case .characters:
      let bytes = bits.bytes(at: offset, count: size)
      let text = bytes.prefix { $0 != 0 }
      guard bytes[text.endIndex...].allSatisfy({ $0 == 0 }),
        let string = String(validating: text, as: UTF8.self)
      else { return .bytes(bytes) }
      return .text(string)
    case nil:
      let elementSize = try btf.checkedSize(of: element)
      var elements: [BTFValue] = []
      for index in 0..<count {
        do {
          elements.append(try decode(element, at: offset + 8 * elementSize * index))
        } catch {
          throw error.inside("[\(index)]")
        }
      }
      return .array(elements)
    }
  }

  private mutating func decodeMembers(
    _ composite: BTFType.Composite, at base: Int,
    into members: inout [BTFValue.Member]
  ) throws(ObjectError) {
    for member in composite.members {
      let resolved = btf.resolve(member.type)
      if member.nameOffset == 0 {
        switch btf.types[Int(resolved)].kind {
        case .structure(let inner), .union(let inner):
          try decodeMembers(inner, at: base + Int(member.bitOffset), into: &members)
          continue
        case .void, .integer, .pointer, .array, .enumeration, .forward, .typedef, .volatile,
          .const, .restrict, .function, .functionPrototype, .variable, .dataSection, .float,
          .declarationTag, .typeTag:
          break
        }
      }
      let name = name(at: member.nameOffset)
      if let place = btf.bits(of: member, base: base), place.width <= 64 {
        guard place.offset + place.width <= 8 * bits.count else {
          throw .value(
            path: name, .wrongSize(found: bits.count, expected: (place.offset + 7) / 8))
        }
        members.append(
          .init(name, number(resolved, at: place.offset, width: place.width)))
        continue
      }
      do {
        members.append(
          .init(name, try decode(member.type, at: base + Int(member.bitOffset))))
      } catch {
        throw error.inside(name)
      }
    }
  }

  /// A number of up to 64 bits, as its type says.
  private mutating func number(
    _ id: BTF.TypeID, at offset: Int, width: Int
  ) -> BTFValue {
    let raw = bits.number(at: offset, width: width)
    let unused = Int64(64 - width)
    let signed = Int64(bitPattern: raw << UInt64(unused)) >> unused
    switch btf.types[Int(id)].kind {
    case .integer(let integer):
      if integer.isBoolean && raw <= 1 { return .boolean(raw == 1) }
      return integer.isSigned ? .signed(signed, bits: width) : .unsigned(raw, bits: width)
    case .enumeration(let enumeration):
      let value = enumeration.isSigned ? signed : Int64(bitPattern: raw)
      if let found = enumeration.enumerators.first(where: { $0.value == value }) {
        return .enumerator(name(at: found.nameOffset), value: value)
      }
      return enumeration.isSigned ? .signed(signed, bits: width) : .unsigned(raw, bits: width)
    case .void, .pointer, .array, .structure, .union, .forward, .typedef, .volatile, .const,
      .restrict, .function, .functionPrototype, .variable, .dataSection, .float, .declarationTag,
      .typeTag:
      return .unsigned(raw, bits: width)
    }
  }
}

/// The bytes of a value, read by bits; the lowest bit of the first byte comes first.
struct ValueBits {
  private let contents: [UInt8]

  init(bytes: [UInt8]) { contents = bytes }

  /// The number of bytes.
  var count: Int { contents.count }

  /// Up to 64 bits from a bit on; bits beyond the end are zero.
  func number(at offset: Int, width: Int) -> UInt64 {
    var value: UInt64 = 0
    var done = 0
    while done < width {
      let bit = offset + done
      let taken = min(8 - bit % 8, width - done)
      let byte = bit / 8 < contents.count ? contents[bit / 8] : 0
      let part = UInt64(byte >> UInt8(bit % 8)) & (1 << UInt64(taken) - 1)
      value |= part << UInt64(done)
      done += taken
    }
    return value
  }

  func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard !offset.isMultiple(of: 8) else {
      let start = min(offset / 8, contents.count)
      let taken = Array(contents[start..<min(start + count, contents.count)])
      return taken + Array(repeating: 0, count: count - taken.count)
    }
    return (0..<count).map { UInt8(number(at: offset + 8 * $0, width: 8)) }
  }
}
