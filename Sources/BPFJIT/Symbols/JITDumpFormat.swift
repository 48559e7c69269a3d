/// The bytes of a jitdump file, of version 1 (perf's `jitdump-specification.txt`). Numbers have the machine's byte order, which
/// is little-endian wherever there is native code.
enum JITDumpFormat {
  /// Who wrote a record, and when: nanoseconds of the monotonic clock.
  struct Stamp {
    var process: UInt32
    var thread: UInt32
    var time: UInt64
  }

  private enum Record: UInt32 {
    case load = 0
    case lines = 2
    case close = 3
  }

  static func header(process: UInt32, time: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendNumber(0x4a69_5444 as UInt32)
    bytes.appendNumber(1 as UInt32)
    bytes.appendNumber(40 as UInt32)
    // EM_X86_64.
    bytes.appendNumber(62 as UInt32)
    bytes.appendNumber(0 as UInt32)
    bytes.appendNumber(process)
    bytes.appendNumber(time)
    bytes.appendNumber(0 as UInt64)
    return bytes
  }

  /// Code at an address from now on.
  static func load(
    _ symbol: CodeSymbol, code: [UInt8], index: UInt64, _ stamp: Stamp
  ) -> [UInt8] {
    var body: [UInt8] = []
    body.appendNumber(stamp.process)
    body.appendNumber(stamp.thread)
    body.appendNumber(UInt64(symbol.address))
    body.appendNumber(UInt64(symbol.address))
    body.appendNumber(UInt64(symbol.size))
    body.appendNumber(index)
    body += symbol.name.utf8
    body.append(0)
    return record(.load, body + code, time: stamp.time)
  }

  /// The source lines of the code that the next record loads.
  static func lines(_ symbol: CodeSymbol, _ stamp: Stamp) -> [UInt8] {
    var body: [UInt8] = []
    body.appendNumber(UInt64(symbol.address))
    body.appendNumber(UInt64(symbol.lines.count))
    for line in symbol.lines {
      body.appendNumber(UInt64(symbol.address) + UInt64(line.offset))
      body.appendNumber(line.number)
      body.appendNumber(0 as UInt32)
      body += CodeSymbol.printable(line.file).utf8
      body.append(0)
    }
    return record(.lines, body, time: stamp.time)
  }

  static func close(time: UInt64) -> [UInt8] { record(.close, [], time: time) }

  private static func record(_ kind: Record, _ body: [UInt8], time: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendNumber(kind.rawValue)
    bytes.appendNumber(UInt32(16 + body.count))
    bytes.appendNumber(time)
    return bytes + body
  }
}

extension [UInt8] {
  fileprivate mutating func appendNumber(_ number: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
