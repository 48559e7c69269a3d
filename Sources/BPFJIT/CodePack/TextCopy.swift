/// What a machine has for ``TextCopyHook``.
struct TextCopy: Sendable {
  /// What fills chunks that hold no code.
  let trap: TrapPattern
  /// Copies bytes to a byte of a region. Nothing of them runs yet.
  let copy: @Sendable (borrowing RawSpan, CodeRegion, Int) throws(CodePackError) -> Void
  /// Called after a copy over what was code before and before the new code runs, on whatever processor.
  let fence: @Sendable () -> Void
  /// A page of traps.
  let trapPage: [UInt8]

  init(
    trap: TrapPattern,
    copy: @escaping @Sendable (borrowing RawSpan, CodeRegion, Int) throws(CodePackError) -> Void,
    fence: @escaping @Sendable () -> Void
  ) {
    self.trap = trap
    self.copy = copy
    self.fence = fence
    trapPage = trap.run(byteCount: ExecutableMemory.pageSize)
  }

  /// x86-64 processors see changes of code, but through the same address only. Else another instruction that serializes has to
  /// come between the change and the run, on every processor that may have fetched the old bytes (Intel's manual, volume 3,
  /// "Self-modifying code").
  static let x86_64 = TextCopy(
    trap: .x86_64,
    copy: { bytes, region, offset throws(CodePackError) in try region.write(bytes, at: offset) },
    fence: { ExecutableMemory.serializeProcessors() })
}
