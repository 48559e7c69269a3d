#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Every system call this module makes, each with its failure as a typed error.
enum SystemCalls {
  /// What a path leads to.
  struct FileStatus {
    var isRegular: Bool
    var size: Int
  }

  static let readOnly = O_RDONLY
  static let writeNew = O_WRONLY | O_CREAT | O_EXCL
  static let writeExisting = O_WRONLY

  static func open(
    _ path: String, _ flags: Int32
  ) throws(CaptureError) -> Int32 {
    while true {
      // SAFETY: the string is passed as a null-terminated copy that lives for the call.
      let descriptor = unsafe path.withCString { unsafe sysOpen($0, flags | O_CLOEXEC, 0o666) }
      guard descriptor < 0 else { return descriptor }
      guard errno == EINTR else { throw .system(.open, path: path, code: errno) }
    }
  }

  static func close(_ descriptor: Int32) {
    _ = sysClose(descriptor)
  }

  static func status(_ descriptor: Int32, path: String) throws(CaptureError) -> FileStatus {
    var information = stat()
    // SAFETY: the structure outlives the call.
    guard unsafe fstat(descriptor, &information) == 0 else {
      throw .system(.inspect, path: path, code: errno)
    }
    return FileStatus(
      isRegular: information.st_mode & S_IFMT == S_IFREG, size: Int(information.st_size))
  }

  /// What the path leads to, or nil where there is nothing.
  static func status(path: String) throws(CaptureError) -> FileStatus? {
    var information = stat()
    // SAFETY: the string and the structure outlive the call.
    guard unsafe stat(path, &information) == 0 else {
      guard errno == ENOENT else { throw .system(.inspect, path: path, code: errno) }
      return nil
    }
    return FileStatus(
      isRegular: information.st_mode & S_IFMT == S_IFREG, size: Int(information.st_size))
  }

  /// Maps the first `count` bytes read-only and private; the caller owns the mapping.
  static func map(
    _ descriptor: Int32, count: Int, path: String
  ) throws(CaptureError) -> UnsafeRawBufferPointer {
    // SAFETY: a new mapping at an address of the kernel's choice touches no existing memory.
    let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .system(.map, path: path, code: errno)
    }
    // SAFETY: the addresses are page-aligned and mapped; the advice changes no contents.
    _ = unsafe madvise(address, count, MADV_SEQUENTIAL)
    return unsafe UnsafeRawBufferPointer(start: address, count: count)
  }

  /// Ends a mapping that `map` made.
  static func unmap(_ mapping: UnsafeRawBufferPointer) {
    // SAFETY: the caller owns the mapping and gives it up here.
    _ = unsafe munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count)
  }

  /// Reads once, at most as much as fits; 0 at the end.
  static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, path: String
  ) throws(CaptureError) -> Int {
    while true {
      // SAFETY: the buffer is the caller's and as long as its count says.
      let count = unsafe sysRead(descriptor, buffer)
      guard count < 0 else { return count }
      guard errno == EINTR else { throw .system(.read, path: path, code: errno) }
    }
  }

  /// Writes all of the bytes.
  static func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String
  ) throws(CaptureError) {
    var rest = unsafe bytes
    while unsafe !rest.isEmpty {
      // SAFETY: the buffer is the caller's and as long as its count says.
      let count = unsafe sysWrite(descriptor, rest)
      if count >= 0 {
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno != EINTR {
        throw .system(.write, path: path, code: errno)
      }
    }
  }

  static func rename(_ source: String, to destination: String) throws(CaptureError) {
    guard sysRename(source, destination) == 0 else {
      throw .system(.rename, path: destination, code: errno)
    }
  }

  static func unlink(_ path: String) {
    _ = sysUnlink(path)
  }

  /// The path with its symbolic links followed, or nil where it leads nowhere.
  static func resolve(_ path: String) -> String? {
    // SAFETY: realpath returns null or a null-terminated string from malloc, freed here after copying it.
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  static func message(_ code: Int32) -> String {
    // SAFETY: strerror returns a null-terminated string valid until its next call; it is copied at once.
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}

// The C functions under names that those of `SystemCalls` do not hide.

private func sysOpen(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
  unsafe open(path, flags, mode)
}

private func sysClose(_ descriptor: Int32) -> Int32 {
  close(descriptor)
}

private func sysRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  unsafe read(descriptor, buffer.baseAddress, buffer.count)
}

private func sysWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
  unsafe write(descriptor, buffer.baseAddress, buffer.count)
}

private func sysRename(_ source: String, _ destination: String) -> Int32 {
  unsafe rename(source, destination)
}

private func sysUnlink(_ path: String) -> Int32 {
  unsafe unlink(path)
}
