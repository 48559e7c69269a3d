#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An open file, closed when it goes. Every system call on files is in this one source file.
///
/// SAFETY of the calls below: each passes the operating system a buffer that Swift keeps alive for the call,
/// with its true length, or a zero-terminated string made for the call; none keeps a pointer.
struct FileDescriptor: ~Copyable {
  /// The system's number of it, for those who start other programs.
  let number: Int32
  private let closes: Bool

  private init(number: Int32, closes: Bool) {
    self.number = number
    self.closes = closes
  }

  deinit { if closes { _ = close(number) } }

  static var standardInput: FileDescriptor { FileDescriptor(number: 0, closes: false) }
  static var standardOutput: FileDescriptor { FileDescriptor(number: 1, closes: false) }
  static var standardError: FileDescriptor { FileDescriptor(number: 2, closes: false) }

  /// Whether a person sees what is written here.
  var isTerminal: Bool { isatty(number) == 1 }

  static func open(reading path: String) throws(SystemError) -> FileDescriptor {
    let number = retrying { Self.systemOpen(path, O_RDONLY | O_CLOEXEC, 0) }
    guard number >= 0 else { throw .current }
    return FileDescriptor(number: number, closes: true)
  }

  /// Opens a file that did not exist before.
  static func create(_ path: String) throws(SystemError) -> FileDescriptor {
    let number = retrying {
      Self.systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard number >= 0 else { throw .current }
    return FileDescriptor(number: number, closes: true)
  }

  /// A new file that has no name, for as long as it is open.
  static func temporary() throws(SystemError) -> FileDescriptor {
    var template = Array("/tmp/bpfkit-XXXXXX".utf8CString)
    let number = unsafe template.withUnsafeMutableBufferPointer { template in
      unsafe template.baseAddress.map { unsafe mkstemp($0) } ?? -1
    }
    guard number >= 0 else { throw .current }
    let file = FileDescriptor(number: number, closes: true)
    _ = unsafe template.withUnsafeBufferPointer { template in
      unsafe template.baseAddress.map { unsafe unlink($0) }
    }
    return file
  }

  /// Goes back to the start of the file.
  func rewind() throws(SystemError) {
    guard lseek(number, 0, SEEK_SET) == 0 else { throw .current }
  }

  /// Reads what there is, at most `limit` bytes, and appends it. Blocks until there is something.
  ///
  /// - Returns: The number of bytes read; 0 at the end of the file.
  func read(atMost limit: Int, appendingTo bytes: inout [UInt8]) throws(SystemError) -> Int {
    var count = 0
    let chunk = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, initializedCount in
      count = retrying { unsafe Self.systemRead(number, buffer.baseAddress, limit) }
      initializedCount = max(0, count)
    }
    guard count >= 0 else { throw .current }
    bytes.append(contentsOf: chunk)
    return count
  }

  func write(_ bytes: [UInt8]) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        return retrying { unsafe Self.systemWrite(number, rest.baseAddress, rest.count) }
      }
      guard count >= 0 else { throw .current }
      done += count
    }
  }

  static func rename(_ path: String, to target: String) throws(SystemError) {
    guard Self.systemRename(path, target) == 0 else { throw .current }
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// The number of columns of the terminal on standard error, if it is one that tells.
  static var terminalWidth: Int? {
    var size = winsize()
    guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  static var processIdentifier: Int32 { getpid() }

  /// Makes writing to a closed pipe an error of the write, instead of the end of the process.
  static func ignoreClosedPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  /// Repeats a call that a signal interrupted.
  private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  private func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    Self.retrying(call)
  }
}

extension FileDescriptor {
  // The names of the methods above would hide the system's functions.
  private static func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    #if canImport(Glibc)
    unsafe Glibc.open(path, flags, mode)
    #elseif canImport(Musl)
    unsafe Musl.open(path, flags, mode)
    #else
    unsafe Darwin.open(path, flags, mode)
    #endif
  }

  @unsafe private static func systemRead(
    _ number: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int
  ) -> Int {
    #if canImport(Glibc)
    unsafe Glibc.read(number, buffer, count)
    #elseif canImport(Musl)
    unsafe Musl.read(number, buffer, count)
    #else
    unsafe Darwin.read(number, buffer, count)
    #endif
  }

  @unsafe private static func systemWrite(
    _ number: Int32, _ buffer: UnsafeRawPointer?, _ count: Int
  ) -> Int {
    #if canImport(Glibc)
    unsafe Glibc.write(number, buffer, count)
    #elseif canImport(Musl)
    unsafe Musl.write(number, buffer, count)
    #else
    unsafe Darwin.write(number, buffer, count)
    #endif
  }

  private static func systemRename(_ path: String, _ target: String) -> Int32 {
    #if canImport(Glibc)
    unsafe Glibc.rename(path, target)
    #elseif canImport(Musl)
    unsafe Musl.rename(path, target)
    #else
    unsafe Darwin.rename(path, target)
    #endif
  }
}

extension SystemError {
  /// The error of the system call just made.
  static var current: SystemError { SystemError(number: errno) }

  static let brokenPipe = SystemError(number: EPIPE)
  static let notFound = SystemError(number: ENOENT)

  init(number: Int32) {
    self.number = number
    message = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
  }
}
