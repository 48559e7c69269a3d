import CBPFShims

/// A capture's bytes, mapped from a file or held in memory, released when this value dies.
@safe
@usableFromInline
struct CaptureStorage: ~Copyable {
  private enum Origin {
    case mapped, allocated, empty
  }

  @usableFromInline let bytes: UnsafeRawBufferPointer
  private let origin: Origin

  /// The bytes of the file at `path`: mapped where it is a regular file, else read to its end.
  init(path: String) throws(CaptureError) {
    let descriptor = try SystemCalls.open(path, SystemCalls.readOnly)
    defer { SystemCalls.close(descriptor) }
    let status = try SystemCalls.status(descriptor, path: path)
    if status.isRegular && status.size > 0 {
      unsafe self.init(mapping: try SystemCalls.map(descriptor, count: status.size, path: path))
    } else {
      self.init(copying: try Self.readAll(descriptor, path: path))
    }
  }

  /// Takes over a mapping that `SystemCalls.map` made.
  private init(mapping: UnsafeRawBufferPointer) {
    unsafe bytes = mapping
    origin = .mapped
  }

  /// A copy of `source`.
  init(copying source: [UInt8]) {
    guard !source.isEmpty else {
      unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      origin = .empty
      return
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 16)
    // SAFETY: the new memory has exactly the source's length.
    unsafe memory.copyBytes(from: source)
    unsafe bytes = UnsafeRawBufferPointer(memory)
    origin = .allocated
  }

  deinit {
    // SAFETY: this value is the sole owner, and nothing it lent out outlives the borrow of it.
    switch origin {
    case .mapped: unsafe SystemCalls.unmap(bytes)
    case .allocated: unsafe bytes.deallocate()
    case .empty: break
    }
  }

  private static func readAll(_ descriptor: Int32, path: String) throws(CaptureError) -> [UInt8] {
    let step = 1 << 18
    var contents: [UInt8] = []
    while true {
      let start = contents.count
      contents.append(contentsOf: repeatElement(0, count: step))
      // SAFETY: the slice lies within the array, which stays in place for the call. A generic rethrow would lose the
      // error's type, so it leaves the closure as a result.
      let result = unsafe contents.withUnsafeMutableBytes {
        buffer -> Result<Int, CaptureError> in
        do throws(CaptureError) {
          return .success(
            try unsafe SystemCalls.read(
              descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]),
              path: path))
        } catch {
          return .failure(error)
        }
      }
      let count = try result.get()
      contents.removeLast(step - count)
      if count == 0 { return contents }
    }
  }
}

extension CaptureStorage {
  /// Asks for the memory that will be read some packets later: a walk over records is a chain of dependent loads, which
  /// no hardware prefetcher follows far enough. Halves the time of a packet in a file beyond the cache
  /// (`SourceTests.speed`).
  @inline(__always)
  borrowing func prefetch(from offset: Int) {
    let distance = 2048
    // SAFETY: a prefetch reads nothing that the program can see, and does not fault outside the bytes.
    if let base = unsafe bytes.baseAddress {
      unsafe bpfkit_prefetch(base + (offset + distance))
      unsafe bpfkit_prefetch(base + (offset + distance + 64))
    }
  }

  /// How many bytes there are.
  @inlinable
  var byteCount: Int { unsafe bytes.count }

  /// Calls `body` with all of the bytes.
  @inlinable
  @inline(__always)
  borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: the memory lives as long as this value, which is borrowed for the call.
    try unsafe body(bytes.bytes)
  }
}
