// SAFETY (whole file): format strings, data and argument blocks are as large as the sizes beside them say, which the engine
// checked, as it did that the program has the text's address.

extension ExecutionFrame {
  /// `bpf_seq_printf`: at most twelve arguments, in an array of 8-byte words.
  @unsafe
  func sequencePrint(
    format: UInt64, size: UInt64, arguments: UInt64, argumentsSize: UInt64
  ) -> UInt64 {
    guard let words = unsafe formatArguments(arguments, size: argumentsSize),
      let room = sequenceText?.room
    else { return KernelError.invalidArgument.result }
    let format = unsafe copyBytes(format, count: UInt64(UInt32(truncatingIfNeeded: size)))
    do throws(KernelError) {
      let text = try FormattedText(
        format: format, arguments: words, capacity: room, read: readMemory)
      guard text.count <= room else { return sequenceOverflow() }
      sequenceText?.append(text.bytes)
      return 0
    } catch {
      return error.result
    }
  }

  /// `bpf_seq_write`.
  @unsafe
  func sequenceWrite(_ data: UInt64, size: UInt64) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    guard let room = sequenceText?.room, room >= 0, size <= UInt64(room) else {
      return sequenceOverflow()
    }
    sequenceText?.append(unsafe copyBytes(data, count: size))
    return 0
  }

  private func sequenceOverflow() -> UInt64 {
    sequenceText?.overflow()
    return KernelError.overflow.result
  }
}
