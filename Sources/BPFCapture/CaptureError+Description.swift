extension CaptureError {
  /// Byte offset in the file of the damage, or nil for an error that is not about a place in a file.
  public var offset: Int? {
    switch self {
    case .unrecognized, .compressed: 0
    case .version(_, let offset, _, _), .truncated(_, let offset, _, _),
      .capturedLength(let offset, _, _), .byteOrderMagic(let offset, _),
      .blockLength(_, let offset, _, _), .trailingLength(let offset, _, _),
      .exceedsBlock(_, let offset, _, _), .interface(let offset, _, _),
      .optionLength(let offset, _, _, _), .repeatedOption(let offset, _),
      .resolution(let offset, _):
      offset
    case .system, .packetTooLong, .originalLength, .timestamp, .missingTimestamp,
      .unknownInterface, .secondLinkType, .notRepresentable:
      nil
    }
  }
}

extension CaptureError: CustomStringConvertible {
  public var description: String {
    if let offset { return "at byte \(offset): " + problem }
    return problem
  }

  private var problem: String {
    switch self {
    case .system(let operation, let path, let code):
      "cannot \(operation.rawValue) \(path): \(SystemCalls.message(code))"
    case .unrecognized(let magic):
      "the file begins with 0x\(hexadecimal(magic)), which is neither pcap nor pcapng"
    case .compressed(let compression):
      "the file is compressed with \(compression.rawValue); decompress it first"
    case .version(let format, _, let major, let minor):
      "\(format.rawValue) version \(major).\(minor) is not supported"
    case .truncated(let structure, _, let needed, let available):
      "the file ends inside a \(structure.rawValue): \(needed) bytes expected, \(available) left"
    case .capturedLength(_, let found, let maximum):
      "the captured length is \(found) bytes, and a packet of this link type has at most \(maximum)"
    case .byteOrderMagic(_, let found):
      "the byte-order magic is 0x\(hexadecimal(found)), expected 0x1a2b3c4d in either order"
    case .blockLength(let structure, _, let found, let minimum):
      "a \(structure.rawValue) has length \(found), expected a multiple of 4 of at least \(minimum)"
    case .trailingLength(_, let found, let expected):
      "the block ends with length \(found), and began with \(expected)"
    case .exceedsBlock(let structure, _, let needed, let available):
      "\(needed) bytes of \(structure.rawValue) claimed, \(available) left in the block"
    case .interface(_, let found, let described):
      "the packet is from interface \(found), and its section has described \(described)"
    case .optionLength(_, let code, let found, let expected):
      "option \(code) is \(found) bytes long, expected \(expected)"
    case .repeatedOption(_, let code):
      "option \(code) occurs twice in one block"
    case .resolution(_, let found):
      "the timestamp resolution 0x\(hexadecimal(found)) is too fine for 64 bits"
    case .packetTooLong(let length, let maximum):
      "a packet of \(length) bytes cannot be written; readers accept at most \(maximum)"
    case .originalLength(let original, let captured):
      "an original length of \(original) bytes cannot be written for \(captured) captured ones"
    case .timestamp(let nanoseconds, let format):
      "the time \(nanoseconds) ns since 1970 does not fit a \(format.rawValue) timestamp"
    case .missingTimestamp(let interface):
      "a packet of interface \(interface) has no timestamp, and its record needs one"
    case .unknownInterface(let interface, let count):
      "interface \(interface) is not one of the \(count) of this file"
    case .secondLinkType(let linkType, let file):
      "a pcap file has one link type, \(file) here, so it cannot hold \(linkType); write pcapng"
    case .notRepresentable(let interface, let format):
      "\(format.rawValue) has no room for the interface \(interface)"
    }
  }

  private func hexadecimal<Number: FixedWidthInteger>(_ number: Number) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: Number.bitWidth / 4 - digits.count) + digits
  }
}
