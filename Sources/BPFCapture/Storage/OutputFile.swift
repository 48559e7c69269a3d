/// A file that appears under its name only when it is complete.
///
/// The bytes go to a new file beside it, which `finish` renames into place and the deinitializer removes. What exists
/// and is no regular file (a pipe, a terminal, `/dev/null`) is written directly.
struct OutputFile: ~Copyable {
  private static let capacity = 1 << 18

  private let path: String
  /// The file beside, until it is renamed; nil where the destination is written directly.
  private var partialPath: String?
  private let descriptor: Int32
  private var buffer: [UInt8]

  init(path: String) throws(CaptureError) {
    let destination: String
    let partial: String?
    if let status = try SystemCalls.status(path: path), !status.isRegular {
      destination = path
      partial = nil
    } else {
      // A symbolic link stays, and what it leads to is replaced.
      destination = SystemCalls.resolve(path) ?? path
      partial = destination + ".partial-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    }
    descriptor =
      if let partial {
        try SystemCalls.open(partial, SystemCalls.writeNew)
      } else {
        try SystemCalls.open(destination, SystemCalls.writeExisting)
      }
    self.path = destination
    partialPath = partial
    buffer = []
    buffer.reserveCapacity(Self.capacity)
  }

  deinit {
    SystemCalls.close(descriptor)
    if let partialPath { SystemCalls.unlink(partialPath) }
  }

  /// Appends a number in the file's byte order.
  @inline(__always)
  mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(
    _ number: Number, _ order: CaptureByteOrder
  ) {
    let stored =
      switch order {
      case .littleEndian: number.littleEndian
      case .bigEndian: number.bigEndian
      }
    // SAFETY: the buffer is the number's own bytes, copied before it goes out of scope.
    unsafe withUnsafeBytes(of: stored) { unsafe buffer.append(contentsOf: $0) }
  }

  mutating func append(_ bytes: RawSpan) {
    // SAFETY: the span lends its bytes for the call, which copies them.
    unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
  }

  mutating func append(_ bytes: [UInt8]) {
    buffer.append(contentsOf: bytes)
  }

  /// Appends zero bytes up to a multiple of four, counting from `count`.
  mutating func pad(_ count: Int) {
    for _ in 0..<(-count & 3) { buffer.append(0) }
  }

  /// Hands the buffer to the system where it has grown long.
  mutating func flushIfFull() throws(CaptureError) {
    if buffer.count >= Self.capacity { try flush() }
  }

  private mutating func flush() throws(CaptureError) {
    // SAFETY: the array's bytes stay in place for the call. A generic rethrow would lose the error's type, so it
    // leaves the closure as a result.
    let result = unsafe buffer.withUnsafeBytes { bytes -> Result<Void, CaptureError> in
      do throws(CaptureError) {
        return .success(try unsafe SystemCalls.write(descriptor, bytes, path: path))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes what is left and gives the file its name.
  mutating func finish() throws(CaptureError) {
    try flush()
    guard let partial = partialPath else { return }
    try SystemCalls.rename(partial, to: path)
    partialPath = nil
  }
}
