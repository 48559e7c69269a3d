/// BTF given to the kernel.
enum KernelTypes {
  /// Loads types, as words, and their strings.
  static func load(_ types: [UInt32], strings: [UInt8]) throws -> KernelDescriptor {
    let typeSize = UInt32(4 * types.count)
    let header: [UInt32] = [0x0001_eb9f, 24, 0, typeSize, typeSize, UInt32(strings.count)]
    let words = (header + types).flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
    }
    var attributes = BPFAttributes()
    let result = unsafe (words + strings).withUnsafeBytes { bytes in
      unsafe attributes.set(bytes.baseAddress, at: 0)
      attributes.set(UInt32(bytes.count), at: 16)
      return unsafe attributes.call(.loadTypes)
    }
    guard result >= 0 else {
      throw KernelRefusal(operation: "types", number: Int32(-result), log: "")
    }
    return KernelDescriptor(number: Int32(result))
  }

  /// The types of a map with keys of 4 bytes (number 1) and values with a `struct bpf_spin_lock` (number 3).
  static func valueWithLock(at offset: Int, size: Int) throws -> KernelDescriptor {
    try load(
      [
        // unsigned int
        1, 1 << 24, 4, 32,
        // struct bpf_spin_lock { unsigned int val; }
        5, 4 << 24 | 1, 4, 19, 1, 0,
        // struct value { …; struct bpf_spin_lock lock; … }
        23, 4 << 24 | 1, UInt32(size), 29, 2, UInt32(8 * offset),
      ], strings: Array("\0int\0bpf_spin_lock\0val\0value\0lock\0".utf8))
  }
}
