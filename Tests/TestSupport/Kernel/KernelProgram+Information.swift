extension KernelProgram {
  /// What the kernel tells of a loaded program.
  public struct Information {
    /// The number that tools name it by.
    public let identifier: UInt32
    /// The slots after the kernel's own rewriting.
    public let rewrittenSlots: Int
  }

  /// Asks the kernel (BPF_OBJ_GET_INFO_BY_FD).
  public func information() throws -> Information {
    // `struct bpf_prog_info`, as far as it is looked at.
    var record = [UInt8](repeating: 0, count: 32)
    var attributes = BPFAttributes()
    attributes.set(descriptor.number, at: 0)
    attributes.set(UInt32(record.count), at: 4)
    let result = unsafe record.withUnsafeMutableBytes { record in
      unsafe attributes.set(UnsafeRawPointer(record.baseAddress), at: 8)
      return unsafe attributes.call(.information)
    }
    guard result >= 0 else {
      throw KernelRefusal(operation: "information on \(name)", number: Int32(-result), log: "")
    }
    func word(at offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(record[offset + $1]) << (8 * UInt32($1)) }
    }
    return Information(identifier: word(at: 4), rewrittenSlots: Int(word(at: 20)) / 8)
  }
}
