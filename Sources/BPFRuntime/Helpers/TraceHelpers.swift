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
    let count = UInt64(UInt32(truncatingIfNeeded: argumentsSize))
    guard count % 8 == 0, count <= 12 * 8, count == 0 || arguments != 0 else {
      return KernelError.invalidArgument.result
    }
    let bytes = unsafe copyBytes(arguments, count: count)
    var words = [UInt64](repeating: 0, count: bytes.count / 8)
    for (index, byte) in bytes.enumerated() {
      words[index / 8] |= UInt64(byte) << (8 * UInt64(index % 8))
    }
    let format = unsafe copyBytes(format, count: UInt64(UInt32(truncatingIfNeeded: size)))
    return print(format, words)
  }

  /// Records the text as a line, and gives its length as the kernel counts it.
  private func print(_ format: [UInt8], _ arguments: [UInt64]) -> UInt64 {
    do throws(KernelError) {
      let text = try FormattedText(format: format, arguments: arguments) { address, limit in
        memoryReader?(address, limit)
      }
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
