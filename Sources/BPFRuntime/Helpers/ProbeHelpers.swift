#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// SAFETY (whole file): destinations are as large as the sizes beside them say, which the engine checked. Sources are
// numbers: nothing is read there but through `readMemory`.

extension ExecutionFrame {
  /// Whose memory a helper reads.
  enum AddressSpace {
    case kernel, user
    /// The kernel's or the process's, as the address says (`bpf_probe_read`).
    case either

    /// Why nothing can be read at an address: the kernel does not even try where x86-64 has no kernel memory.
    func refusal(at address: UInt64) -> KernelError {
      let isKernelAddress = address >> 47 == 0x1ffff
      return switch self {
      case .kernel: isKernelAddress ? .badAddress : .outOfRange
      case .user: .badAddress
      case .either: isKernelAddress || address >> 47 == 0 ? .badAddress : .outOfRange
      }
    }
  }

  /// `bpf_probe_read` and its kin: copies memory the program names by a number. Where it cannot be read, the destination
  /// becomes zero.
  @unsafe
  func probeRead(
    into target: UInt64, size: UInt64, from address: UInt64, _ space: AddressSpace
  ) -> UInt64 {
    let count = Int(UInt32(truncatingIfNeeded: size))
    let refusal = space.refusal(at: address)
    let bytes = readMemory(at: address, limit: max(count, 1))
    guard count > 0, let target = unsafe hostPointer(target) else {
      return bytes != nil || refusal == .badAddress ? 0 : refusal.result
    }
    guard let bytes, bytes.count == count else {
      unsafe memset(target, 0, count)
      return refusal.result
    }
    unsafe bytes.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { unsafe memcpy(target, source, count) }
    }
    return 0
  }

  /// `bpf_probe_read_str` and its kin: copies a string with its zero, cut off to fit; the number of bytes written.
  @unsafe
  func probeReadString(
    into target: UInt64, size: UInt64, from address: UInt64, _ space: AddressSpace
  ) -> UInt64 {
    let count = Int(UInt32(truncatingIfNeeded: size))
    guard count > 0, let target = unsafe hostPointer(target) else { return 0 }
    guard var text = readString(at: address, limit: count) else {
      unsafe memset(target, 0, count)
      return space.refusal(at: address).result
    }
    if text.count == count { text.removeLast() }
    text.append(0)
    unsafe text.withUnsafeBytes { text in
      if let source = text.baseAddress { unsafe memcpy(target, source, text.count) }
    }
    return UInt64(text.count)
  }
}

// MARK: Memory by address

extension ExecutionFrame {
  /// Memory of the kernel, or of a process, that the host lets programs read, by its address there.
  struct GrantedMemory {
    let start: UInt64
    let bytes: [UInt8]
  }

  /// Lets programs of this frame read bytes at an address with the `bpf_probe_read` family, as if the kernel had them
  /// there. What was granted last is found first.
  ///
  /// - Precondition: the bytes do not reach beyond the end of the address space.
  public func grantMemory(at address: UInt64, _ bytes: [UInt8]) {
    precondition(
      !address.addingReportingOverflow(UInt64(bytes.count)).overflow,
      "granted memory lies in the address space")
    grantedMemory.append(GrantedMemory(start: address, bytes: bytes))
  }

  /// Takes back all that ``grantMemory(at:_:)`` gave.
  public func revokeMemory() { grantedMemory.removeAll() }

  /// At most so many bytes at an address: of what the host granted, or of the program's own memory. Fewer where that ends,
  /// nil where there is none.
  func readMemory(at address: UInt64, limit: Int) -> [UInt8]? {
    for memory in grantedMemory.reversed() where address >= memory.start {
      let offset = address - memory.start
      guard offset < UInt64(memory.bytes.count) else { continue }
      return Array(memory.bytes[Int(offset)...].prefix(limit))
    }
    return memoryReader?(address, limit)
  }

  /// The bytes of a string before its zero, at most so many; nil where memory ends before either.
  func readString(at address: UInt64, limit: Int) -> [UInt8]? {
    var text: [UInt8] = []
    while text.count < limit {
      let wanted = min(limit - text.count, 256)
      guard
        let bytes = readMemory(at: address &+ UInt64(text.count), limit: wanted), !bytes.isEmpty
      else { return nil }
      if let end = bytes.firstIndex(of: 0) { return text + bytes[..<end] }
      text += bytes
    }
    return text
  }
}
