/// A kernel format string filled in with a program's arguments, as `bpf_trace_printk` and its kin do it.
///
/// Where the kernel hides addresses, this shows them: `%p` and `%pK` give the argument's digits instead of a hash, and
/// `%ps`, `%pS` and `%pB` give `0x…`, as the kernel does for an address without a symbol.
struct FormattedText {
  /// The most bytes that are kept, the kernel's buffer less the terminating zero.
  static let capacity = 1023
  /// The most bytes the arguments may take once strings and addresses are read.
  private static let argumentCapacity = 512

  /// The most bytes that are kept of this text; -1 where there is no room even for its zero.
  private let capacity: Int
  /// The bytes written, at most the capacity.
  private(set) var bytes: [UInt8] = []
  /// The number of bytes the whole text has, which may be more.
  private(set) var count = 0

  /// The text as a line: what precedes the first zero byte, without one newline at its end.
  var line: String {
    var text = bytes.prefix { $0 != 0 }
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }

  /// Fills a format in.
  ///
  /// - Parameters:
  ///   - format: the bytes up to a terminating zero, which must be there.
  ///   - arguments: one for each directive; more are ignored.
  ///   - capacity: the most bytes to keep; -1 for no buffer at all.
  ///   - read: gives at most so many bytes at an address of the program, or nil where it may not read. What it cannot
  ///     read prints as the empty string or as an address of zeroes.
  /// - Complexity: O(*n*), *n* the length of format and text.
  /// - Throws: what the kernel's helper returns: ``KernelError/invalidArgument`` for a bad format,
  ///   ``KernelError/noSpace`` if the arguments' text is too long.
  init(
    format: [UInt8], arguments: [UInt64], capacity: Int = Self.capacity,
    read: (UInt64, Int) -> [UInt8]?
  ) throws(KernelError) {
    self.capacity = capacity
    guard let end = format.firstIndex(of: 0) else { throw .invalidArgument }
    let directives = try FormatDirective.parse(
      Array(format[..<end]), argumentLimit: arguments.count)
    // The kernel reads all arguments into a buffer of 512 bytes before it writes anything.
    var used = 0
    var strings: [[UInt8]] = []
    var index = 0
    for directive in directives where directive.takesArgument {
      switch directive {
      case .literal: break
      case .integer(let format, _): try Self.reserve(format.isLong ? 8 : 4, in: &used)
      case .pointer, .symbol: try Self.reserve(8, in: &used)
      case .character:
        guard used < Self.argumentCapacity else { throw .noSpace }
        used += 1
      case .string, .bareString:
        let room = Self.argumentCapacity - used
        guard room > 0 else { throw .noSpace }
        let text = Self.string(read(arguments[index], room), room: room)
        strings.append(text)
        used += text.count + 1
      case .bareSymbol:
        used += Self.hexadecimal(arguments[index]).count + 1
      case .internetAddress(let isVersion6, let isPadded):
        let size = isVersion6 ? 16 : 4
        guard Self.argumentCapacity - used >= size else { throw .noSpace }
        var address = read(arguments[index], size) ?? []
        if address.count < size { address = [UInt8](repeating: 0, count: size) }
        let text = Self.internetAddress(address, isPadded: isPadded)
        strings.append(text)
        used += text.count + 1
      }
      index += 1
    }
    var argument = arguments.makeIterator()
    var string = strings.makeIterator()
    for directive in directives {
      let value = directive.takesArgument ? argument.next() ?? 0 : 0
      switch directive {
      case .literal(let byte): append(byte)
      case .integer(let format, let field): appendInteger(value, format, field)
      case .character(let field):
        appendPadded([UInt8(truncatingIfNeeded: value)], field)
      case .string(let field): appendPadded(string.next() ?? [], field)
      case .bareString, .internetAddress: appendReady(string.next() ?? [])
      case .pointer(var field):
        if field.width == 0 {
          field.width = 16
          field.isZeroPadded = true
        }
        let format = FormatDirective.IntegerFormat(
          isSigned: false, isLong: true, radix: 16, isUppercase: false)
        appendInteger(value, format, field)
      case .symbol(let field): appendPadded(Self.hexadecimal(value), field)
      case .bareSymbol: appendReady(Self.hexadecimal(value))
      }
    }
  }

  /// Accounts for a number in the kernel's buffer of arguments, where it is aligned to 4 bytes.
  private static func reserve(_ size: Int, in used: inout Int) throws(KernelError) {
    used = (used + 3) / 4 * 4
    guard argumentCapacity - used >= size else { throw .noSpace }
    used += size
  }

  /// What the kernel copies of a string into `room` bytes: up to its zero, or one byte less than there is room for; nothing
  /// if the string cannot be read to there.
  private static func string(_ bytes: [UInt8]?, room: Int) -> [UInt8] {
    guard let bytes else { return [] }
    if let end = bytes.firstIndex(of: 0) { return Array(bytes[..<end]) }
    return bytes.count >= room ? Array(bytes.prefix(room - 1)) : []
  }

  private static func hexadecimal(_ value: UInt64) -> [UInt8] {
    Array("0x\(String(value, radix: 16))".utf8)
  }

  private static func internetAddress(_ address: [UInt8], isPadded: Bool) -> [UInt8] {
    func padded(_ value: some BinaryInteger, radix: Int, digits: Int) -> String {
      let text = String(value, radix: radix)
      return String(repeating: "0", count: max(digits - text.count, 0)) + text
    }
    guard address.count == 16 else {
      let parts = address.map { padded($0, radix: 10, digits: isPadded ? 3 : 1) }
      return Array(parts.joined(separator: ".").utf8)
    }
    let groups = stride(from: 0, to: 16, by: 2).map {
      padded(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16, digits: 4)
    }
    return Array(groups.joined(separator: isPadded ? "" : ":").utf8)
  }

  private mutating func append(_ byte: UInt8) {
    if bytes.count < capacity { bytes.append(byte) }
    count += 1
  }

  private mutating func append(_ text: [UInt8]) {
    for byte in text { append(byte) }
  }

  /// Appends text that the kernel makes beforehand. Where its buffer is full, it does not even count it.
  private mutating func appendReady(_ text: [UInt8]) {
    if count <= capacity { append(text) }
  }

  private mutating func append(_ byte: UInt8, times: Int) {
    guard times > 0 else { return }
    let kept = max(min(times, capacity - bytes.count), 0)
    bytes.append(contentsOf: repeatElement(byte, count: kept))
    count += times
  }

  private mutating func appendPadded(_ text: [UInt8], _ field: FormatDirective.Field) {
    let padding = field.width - text.count
    if !field.isLeftAligned { append(UInt8(ascii: " "), times: padding) }
    append(text)
    if field.isLeftAligned { append(UInt8(ascii: " "), times: padding) }
  }

  private mutating func appendInteger(
    _ value: UInt64, _ format: FormatDirective.IntegerFormat, _ field: FormatDirective.Field
  ) {
    var magnitude = format.isLong ? value : UInt64(UInt32(truncatingIfNeeded: value))
    var sign: [UInt8] = []
    if format.isSigned {
      let signed = Int64(bitPattern: value)
      let number = format.isLong ? signed : Int64(Int32(truncatingIfNeeded: signed))
      magnitude = number.magnitude
      if number < 0 {
        sign = [UInt8(ascii: "-")]
      } else if field.hasPlus {
        sign = [UInt8(ascii: "+")]
      } else if field.hasSpace {
        sign = [UInt8(ascii: " ")]
      }
    }
    let digits = Array(
      String(magnitude, radix: format.radix, uppercase: format.isUppercase).utf8)
    let padding = field.width - digits.count - sign.count
    if !field.isLeftAligned && !field.isZeroPadded { append(UInt8(ascii: " "), times: padding) }
    append(sign)
    if !field.isLeftAligned && field.isZeroPadded { append(UInt8(ascii: "0"), times: padding) }
    append(digits)
    if field.isLeftAligned { append(UInt8(ascii: " "), times: padding) }
  }
}
