import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable import BPFRuntime

/// The printing helpers against the running kernel. What the kernel prints is not read: `bpf_snprintf`, which uses the same
/// formatter, gives its text instead.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct TraceHelperTests {
  /// Formats both sides take or both refuse. None prints an address, which the kernel hides.
  static let formats = [
    "plain", "", "100%%", "%d", "%i %u %x", "%ld %lu %lx", "%lld %llu %llx", "%X %lX %llX",
    "[%5d][%-5d][%05d]", "[%+d][% d][%+05d]", "[%-05d][%+x][%0 5d]", "%c%c%c", "[%3c][%-3c]", "%s",
    "%5s|%-5s|", "%px", "%20px|", "%px and", "%pxabc.", "%pI4", "%pi4 x", "%pI6", "%pi6",
    "%pI4abc|", "%pks", "%pks|%s", "%pus", "%d\n", "tab\there", "%d%d%d%d", "%f", "%h", "%5",
    "%.5d",
    "%*d", "%#x", "%ll", "%lc", "%sx", "%pI", "%pI5", "%pz", "%n", "%", "% ", "%-", "%0", "%lll",
    "\u{1}", "é", "%p%", "%p%d", "%1000d", "%2000d|", "%hd", "%zu", "%pB%d", "%l d", "%d %", "%5%",
    "%s.", "%s%s", "%si", "%pxK%d", "%cd", "%pxé", "%sé", "%dé", "%lxé",
  ]

  private static let words: [UInt64] = [
    0, 7, UInt64(bitPattern: -5), 0x1_2345_6789, .max,
  ]

  @Test func `text is the kernel's`() throws {
    let strings = MapSpec(
      name: "strings", kind: .array, keySize: 4, valueSize: 32, maxEntries: 1,
      flags: .readOnlyForPrograms,
      contents: [
        .init(
          key: [0, 0, 0, 0], value: .bytes(Array("text".utf8) + [0] + (1...27).map { UInt8($0) }))
      ],
      isFrozen: true)
    let output = MapSpec(
      name: "output", kind: .array, keySize: 4, valueSize: 1032, maxEntries: 1)
    // The kernel shows the name of what lies at %pB, and a hash of %p.
    for format in Self.formats where !format.contains("%pB") && !format.contains("%p%") {
      let bytes = Array(format.utf8) + [0]
      let formatMap = MapSpec(
        name: "format", kind: .array, keySize: 4, valueSize: bytes.count, maxEntries: 1,
        flags: .readOnlyForPrograms,
        contents: [.init(key: [0, 0, 0, 0], value: .bytes(bytes))], isFrozen: true)
      let isString =
        format.contains("s") && format.contains("%") || format.contains("%pI")
        || format.contains("%pi")
      for word in isString ? [UInt64(0)] : Self.words {
        let expected = try kernelText(
          formatMap, strings: isString ? strings : nil, word: word, output: output)
        var found: (Int64, [UInt8])
        do {
          let text = try FormattedText(
            format: bytes, arguments: [word, word, word]
          ) { address, limit in
            guard isString, address == 0, format.contains("%pus") == false else { return nil }
            if case .bytes(let content) = strings.contents[0].value {
              return Array(content.prefix(limit))
            }
            return nil
          }
          found = (Int64(text.count) + 1, text.bytes)
        } catch {
          found = (-error.rawValue, [])
        }
        // The kernel refuses bad formats of bpf_snprintf when it loads the program.
        #expect(found.0 == expected.0, "\(format) of \(word)")
        #expect(found.1 == expected.1, "\(format) of \(word)")
      }
    }
  }

  /// What `bpf_snprintf` returns and writes with three times the word, or the string, as arguments.
  private func kernelText(
    _ format: MapSpec, strings: MapSpec?, word: UInt64, output: MapSpec
  ) throws -> (Int64, [UInt8]) {
    var builder = ProgramBuilder("snprintf")
    if let strings {
      builder.load(.r2, valueOf: strings)
    } else {
      builder.moveWide(.r2, word)
    }
    for index in 1...3 as ClosedRange<Int16> {
      builder.store(.double, .r10, -8 * index, .register(.r2))
    }
    builder.load(.r6, valueOf: output)
    builder.move(.r1, .r6)
    builder.apply(.add, .r1, .immediate(8))
    builder.move(.r2, 1024)
    builder.load(.r3, valueOf: format)
    builder.move(.r4, .r10)
    builder.apply(.add, .r4, .immediate(-24))
    builder.move(.r5, 24)
    builder.emit(.call(.helper(165)))
    builder.store(.double, .r6, 0, .register(.r0))
    builder.move(.r0, 0)
    builder.exit()
    let maps = try builder.maps.map { spec in
      let map = try KernelMap(spec)
      for entry in spec.contents {
        if case .bytes(let value) = entry.value { try map.set(entry.key, value) }
      }
      if spec.isFrozen { try map.freeze() }
      return map
    }
    do {
      let program = try KernelProgram(builder.program(), type: .socketFilter, maps: maps)
      _ = try program.run([UInt8](repeating: 0, count: 14))
    } catch let refusal as KernelRefusal where refusal.log.contains("Invalid format string") {
      return (-22, [])
    }
    guard let index = maps.firstIndex(where: { $0.spec.name == output.name }),
      let value = try maps[index].get([0, 0, 0, 0])
    else { return (0, []) }
    let count = value.prefix(8).enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << (8 * UInt64($1.offset))
    }
    let length = max(0, min(Int(Int64(bitPattern: count)) - 1, 1023))
    return (Int64(bitPattern: count), Array(value.dropFirst(8).prefix(length)))
  }

  @Test func `trace_printk returns what the kernel's does`() throws {
    for format in Self.formats {
      for hasEnd in [true, false] {
        let bytes = Array(format.utf8) + (hasEnd ? [0] : [])
        guard !bytes.isEmpty else { continue }
        var builder = ProgramBuilder("trace_printk")
        builder.storeBytes(bytes, at: -128)
        builder.storeBytes(Array("text".utf8) + [0, 1, 2, 3], at: -136)
        builder.move(.r1, .r10)
        builder.apply(.add, .r1, .immediate(-128))
        builder.move(.r2, Int32(bytes.count))
        // Strings and addresses cannot be read at small numbers.
        builder.move(.r3, 7)
        builder.move(.r4, 300)
        builder.move(.r5, -5)
        builder.call(.tracePrintk)
        builder.exit()
        try expectSameAsKernel(
          builder.compared(as: .schedCLS), on: [[UInt8](repeating: 0, count: 60)])
      }
    }
  }

  @Test(arguments: ["", "%s", "%px", "%d", "%c", "%5", "%"])
  func `every byte is taken or refused as the kernel does`(prefix: String) throws {
    // The length of the hash that the kernel prints for %p shows where a width is given.
    for byte in 1...255 as ClosedRange<UInt8> where prefix != "%5" || byte != UInt8(ascii: "p") {
      var builder = ProgramBuilder("trace_byte")
      let bytes = Array(prefix.utf8) + [byte, 0]
      builder.storeBytes(bytes, at: -16)
      builder.move(.r1, .r10)
      builder.apply(.add, .r1, .immediate(-16))
      builder.move(.r2, Int32(bytes.count))
      for register in [Register.r3, .r4, .r5] { builder.move(register, 7) }
      builder.call(.tracePrintk)
      builder.exit()
      try expectSameAsKernel(
        builder.compared(as: .schedCLS), on: [[UInt8](repeating: 0, count: 60)])
    }
  }

  @Test func `trace_vprintk takes up to twelve arguments`() throws {
    for count in [0, 1, 3, 4, 11, 12, 13] as [Int32] {
      for extra in [0, 4] as [Int32] {
        for format in ["none", "%d", "%d %d %d", "%d %d %d %d", String(repeating: "%x", count: 12)]
        {
          let bytes = Array(format.utf8) + [0]
          var builder = ProgramBuilder("trace_vprintk")
          builder.storeBytes(bytes, at: -256)
          builder.move(.r1, .r10)
          builder.apply(.add, .r1, .immediate(-256))
          builder.move(.r2, Int32(bytes.count))
          for index in 1...14 as ClosedRange<Int16> {
            builder.store(.double, .r10, -8 * index, .immediate(Int32(index) * 1000))
          }
          builder.move(.r3, .r10)
          builder.apply(.add, .r3, .immediate(-112))
          builder.move(.r4, 8 * count + extra)
          builder.call(.traceVprintk)
          builder.exit()
          try expectSameAsKernel(
            builder.compared(as: .schedCLS), on: [[UInt8](repeating: 0, count: 60)])
        }
      }
    }
  }
}
