import CBPFShims

/// The arguments of one bpf(2) call, by offset.
struct KernelCall {
  private var bytes = [UInt8](repeating: 0, count: 144)

  mutating func set(_ value: UInt32, at offset: Int) { store(UInt64(value), 4, offset) }

  @unsafe
  mutating func set(address: UnsafeRawPointer?, at offset: Int) {
    store(UInt64(UInt(bitPattern: address)), 8, offset)
  }

  private mutating func store(_ value: UInt64, _ size: Int, _ offset: Int) {
    for index in 0..<size {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }

  func word(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
  }

  @unsafe
  mutating func call(_ command: Int32) -> Int {
    let size = UInt32(bytes.count)
    return unsafe bytes.withUnsafeMutableBytes { attributes in
      unsafe bpfkit_bpf(command, attributes.baseAddress, size)
    }
  }
}
