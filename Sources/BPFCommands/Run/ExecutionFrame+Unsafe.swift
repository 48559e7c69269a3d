import BPFRuntime

extension ExecutionFrame {
  /// Makes a frame of an array's bytes the program's packet; see ``load(_:)``.
  func load(_ bytes: [UInt8]) throws(ContextError) {
    // SAFETY: a span's bytes are unsafe to look at where its elements have padding; bytes have none.
    try unsafe load(bytes.span.bytes)
  }
}
