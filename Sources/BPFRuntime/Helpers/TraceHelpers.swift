// SAFETY (whole file): format strings and argument blocks are as large as the sizes beside them say, which the engine
// checked; addresses among the arguments are never dereferenced here but read through `memoryReader`.

extension ExecutionFrame {
  /// `bpf_trace_printk`: at most three arguments.
  @unsafe
  func tracePrint(
    format: UInt64, size: UInt64, _ a3: UInt64, _ a4: UInt64, _ a5: UInt64
  ) -> UInt64 {
    let format = unsafe copyBytes(format, count: UInt64(UInt32(truncatingIfNeeded: size)))
    return print(format, [a3, a4, a5])
  }

  /// `bpf_trace_vprintk`: at most twelve arguments, in an array of 8-byte words.
  @unsafe
  func tracePrint(
    format: UInt64, size: UInt64, arguments: UInt64, argumentsSize: UInt64
  ) -> UInt64 {
    guard let words = unsafe formatArguments(arguments, size: argumentsSize) else {
      return KernelError.invalidArgument.result
    }
    let format = unsafe copyBytes(format, count: UInt64(UInt32(truncatingIfNeeded: size)))
    return print(format, words)
  }

  /// `bpf_snprintf`: the number of bytes the whole text has with its zero, however many fit.
  @unsafe
  func formatString(
    into target: UInt64, size: UInt64, format: UInt64, arguments: UInt64, argumentsSize: UInt64
  ) -> UInt64 {
    guard let words = unsafe formatArguments(arguments, size: argumentsSize) else {
      return KernelError.invalidArgument.result
    }
    let size = Int(UInt32(truncatingIfNeeded: size))
    guard let format = readString(at: format, limit: Self.maximumFormat) else {
      return KernelError.invalidArgument.result
    }
    do throws(KernelError) {
      let text = try FormattedText(
        format: format + [0], arguments: words, capacity: size - 1, read: readMemory)
      if size > 0, let target = unsafe hostPointer(target) {
        unsafe text.bytes.withUnsafeBytes { bytes in
          if let source = bytes.baseAddress {
            unsafe target.copyMemory(from: source, byteCount: bytes.count)
          }
        }
        unsafe target.storeBytes(of: 0, toByteOffset: text.bytes.count, as: UInt8.self)
      }
      return UInt64(text.count + 1)
    } catch {
      return error.result
    }
  }

  /// The longest format string that is looked at; the kernel has no limit but the map's value it lies in.
  private static let maximumFormat = 1 << 20

  /// The arguments of a format, at most twelve words; nil where their size is no such number of bytes.
  @unsafe
  func formatArguments(_ arguments: UInt64, size: UInt64) -> [UInt64]? {
    let count = UInt64(UInt32(truncatingIfNeeded: size))
    guard count % 8 == 0, count <= 12 * 8, count == 0 || arguments != 0 else { return nil }
    let bytes = unsafe copyBytes(arguments, count: count)
    var words = [UInt64](repeating: 0, count: bytes.count / 8)
    for (index, byte) in bytes.enumerated() {
      words[index / 8] |= UInt64(byte) << (8 * UInt64(index % 8))
    }
    return words
  }

  /// Records the text as a line, and gives its length as the kernel counts it.
  private func print(_ format: [UInt8], _ arguments: [UInt64]) -> UInt64 {
    do throws(KernelError) {
      let text = try FormattedText(format: format, arguments: arguments, read: readMemory)
      traceLines.append(text.line)
      return UInt64(text.count)
    } catch {
      return error.result
    }
  }
}

/// A copy of memory an engine checked.
@unsafe
func copyBytes(_ address: UInt64, count: UInt64) -> [UInt8] {
  guard let start = unsafe hostPointer(address) else { return [] }
  return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(count)))
}
