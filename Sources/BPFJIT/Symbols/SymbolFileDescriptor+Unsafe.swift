#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file of symbols, closed when it goes.
///
/// SAFETY of the calls below: strings and buffers live for the call, which keeps no pointer; the one mapping is new, and
/// unmapped at once.
struct SymbolFileDescriptor: ~Copyable, Sendable {
  private let number: Int32
  private let path: String

  /// A file to which lines are added, made if there is none. It has to be a regular file of this user with no other name.
  init(appending path: String) throws(CodeSymbolFileError) {
    // Not waiting for a reader, if it is a pipe.
    let number = try Self.open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK)
    var information = stat()
    guard unsafe fstat(number, &information) == 0,
      information.st_mode & S_IFMT == S_IFREG, information.st_uid == geteuid(),
      information.st_nlink == 1
    else {
      ExecutableMemory.close(number)
      throw .foreign(path: path)
    }
    self.number = number
    self.path = path
  }

  /// A file that was not there, in the place of one that was.
  init(creating path: String) throws(CodeSymbolFileError) {
    // A dump of an earlier process with the number of this one; of a link, the link itself.
    _ = unsafe unlink(path)
    number = try Self.open(path, O_RDWR | O_CREAT | O_EXCL)
    self.path = path
  }

  deinit { ExecutableMemory.close(number) }

  private static func open(_ path: String, _ flags: Int32) throws(CodeSymbolFileError) -> Int32 {
    while true {
      let number = unsafe systemOpen(path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard number < 0 else { return number }
      guard errno == EINTR else { throw .system(.open, path: path, code: errno) }
    }
  }

  /// Adds bytes by one call, so that other writers' are not among them.
  func append(_ bytes: [UInt8]) throws(CodeSymbolFileError) {
    while true {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe systemWrite(number, buffer.baseAddress, buffer.count)
      }
      if count == bytes.count { return }
      guard count < 0, errno == EINTR else {
        throw .system(.write, path: path, code: count < 0 ? errno : ENOSPC)
      }
    }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(CodeSymbolFileError) {
    do throws(SystemCallFailure) {
      let span = bytes.span
      try ExecutableMemory.write(unsafe span.bytes, to: number, at: offset)
    } catch {
      throw .system(.write, path: path, code: error.code)
    }
  }

  /// Maps the start of the file executable for a moment, which profilers note.
  func mapOnce() throws(CodeSymbolFileError) {
    let byteCount = ExecutableMemory.pageSize
    let address = unsafe mmap(nil, byteCount, PROT_READ | PROT_EXEC, MAP_PRIVATE, number, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .system(.map, path: path, code: errno)
    }
    unsafe munmap(address, byteCount)
  }
}

extension ExecutableMemory {
  /// The clock that profilers' `-k mono` asks for.
  static var monotonicNanoseconds: UInt64 {
    var time = timespec()
    // SAFETY: the structure outlives the call.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

// The C functions under names that those above do not hide.
private func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
  unsafe open(path, flags, mode)
}

private func systemWrite(_ number: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(number, bytes, count)
}
