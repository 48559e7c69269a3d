internal import CBPFShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Every system call that code packs make.
///
/// SAFETY of the calls below: an address is one that this module mapped and still owns, or a place at which the system maps
/// something only if there is nothing; buffers live for the call and are as long as it says.
enum ExecutableMemory {
  enum Protection {
    case inaccessible, writable, executable

    fileprivate var flags: Int32 {
      switch self {
      case .inaccessible: PROT_NONE
      case .writable: PROT_READ | PROT_WRITE
      case .executable: PROT_READ | PROT_EXEC
      }
    }
  }

  /// Of the machines that there is a hook for.
  static let pageSize = 4096
  static let noMemory = ENOMEM
  static let noSpace = ENOSPC

  static var processIdentifier: Int32 { getpid() }

  /// The address of a function of this module.
  static var moduleAddress: UInt { bpfkit_module_address() }

  static func openMemoryFile(
    name: String, byteCount: Int
  ) throws(SystemCallFailure) -> Int32 {
    var limit = rlimit()
    // Beyond the limit on the size of files, writing to one in memory would end the process.
    guard unsafe getrlimit(fileSizeLimit, &limit) == 0, UInt64(byteCount) <= UInt64(limit.rlim_cur)
    else { throw SystemCallFailure(code: EFBIG) }
    let descriptor = unsafe name.withCString { unsafe bpfkit_memory_file($0) }
    guard descriptor >= 0 else { throw SystemCallFailure(code: -descriptor) }
    return descriptor
  }

  /// Maps at a place, or nowhere (nil) where something is there already or nothing may be.
  static func mapExecutable(byteCount: Int, descriptor: Int32?, at place: UInt) -> UInt? {
    // MAP_FIXED_NOREPLACE, of Linux 4.17. Kernels before it take the place for a hint.
    let base = try? map(byteCount, descriptor, place: place, flags: 0x10_0000)
    guard let base, base != place else { return base }
    unmap(base, byteCount: byteCount)
    return nil
  }

  static func mapExecutable(
    byteCount: Int, descriptor: Int32?
  ) throws(SystemCallFailure) -> UInt {
    try map(byteCount, descriptor, place: 0, flags: 0)
  }

  private static func map(
    _ byteCount: Int, _ descriptor: Int32?, place: UInt, flags: Int32
  ) throws(SystemCallFailure) -> UInt {
    #if canImport(Darwin)
    let kind = descriptor == nil ? MAP_PRIVATE | MAP_ANON : MAP_SHARED
    #else
    let kind = descriptor == nil ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED
    #endif
    let address = unsafe mmap(
      UnsafeMutableRawPointer(bitPattern: place), byteCount, Protection.executable.flags,
      kind | flags, descriptor ?? -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw SystemCallFailure(code: errno)
    }
    return UInt(bitPattern: address)
  }

  static func protect(
    _ base: UInt, byteCount: Int, _ protection: Protection
  ) throws(SystemCallFailure) {
    let address = unsafe UnsafeMutableRawPointer(bitPattern: base)
    guard unsafe mprotect(address, byteCount, protection.flags) == 0 else {
      throw SystemCallFailure(code: errno)
    }
  }

  static func unmap(_ base: UInt, byteCount: Int) {
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: base), byteCount)
  }

  static func write(
    _ bytes: borrowing RawSpan, to descriptor: Int32, at offset: Int
  ) throws(SystemCallFailure) {
    var done = 0
    while done < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        return unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      }
      if count > 0 {
        done += count
      } else if count == 0 {
        throw SystemCallFailure(code: ENOSPC)
      } else if errno != EINTR {
        throw SystemCallFailure(code: errno)
      }
    }
  }

  /// SAFETY: the caller has made these bytes writable, and nobody else uses them.
  static func copy(_ bytes: borrowing RawSpan, to address: UInt) {
    unsafe bytes.withUnsafeBytes { buffer in
      guard let source = buffer.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(bitPattern: address)?.copyMemory(
        from: source, byteCount: buffer.count)
    }
  }

  static func close(_ descriptor: Int32) { systemClose(descriptor) }

  /// Lets each processor that runs this process execute an instruction that serializes before it goes on.
  ///
  /// Where the system has no such call, or does not permit it, processors still do so at every interrupt.
  static func serializeProcessors() {
    if canSerialize { _ = bpfkit_serialize_processors() }
  }

  private static let canSerialize = bpfkit_prepare_serializing() == 0

  static func message(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }

  #if canImport(Glibc)
  private static let fileSizeLimit = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
  #else
  private static let fileSizeLimit = RLIMIT_FSIZE
  #endif
}

// Under a name that the one of `ExecutableMemory` does not hide.
private func systemClose(_ descriptor: Int32) { _ = close(descriptor) }
