internal import CBPFShims
internal import Synchronization

/// The file from which `perf inject --jit` makes object files for code that was made while a process ran: names, bytes and
/// source lines, so that profiles show instructions too.
///
/// `perf record -k mono` has to run when the file is opened: it notes the file because it is mapped executable once, for a
/// moment. Each record has the time since when it holds, so that code may be freed and its addresses used again.
public final class JITDump: CodeSymbolFile {
  /// `jit-PID.dump`, by which perf knows it.
  public let path: String
  private let descriptor: SymbolFileDescriptor
  private let state: Mutex<State>

  private struct State {
    /// Bytes that are written.
    var length: Int
    /// The number of the next symbol.
    var index: UInt64 = 0
  }

  /// Makes the file anew. Nobody else may read it.
  public init(folder: String = ".") throws(CodeSymbolFileError) {
    let process = ExecutableMemory.processIdentifier
    path = "\(folder)/jit-\(process).dump"
    descriptor = try SymbolFileDescriptor(creating: path)
    let header = JITDumpFormat.header(
      process: UInt32(process), time: ExecutableMemory.monotonicNanoseconds)
    try descriptor.write(header, at: 0)
    try descriptor.mapOnce()
    state = Mutex(State(length: header.count))
  }

  public func record(
    _ symbol: CodeSymbol, code: borrowing RawSpan
  ) throws(CodeSymbolFileError) {
    precondition(code.byteCount == symbol.size, "a symbol's code is of the symbol's size")
    let bytes = [UInt8](copying: code)
    try state.withLock { state throws(CodeSymbolFileError) in
      // In the order of their times.
      let stamp = JITDumpFormat.Stamp(
        process: UInt32(ExecutableMemory.processIdentifier), thread: bpfkit_thread_id(),
        time: ExecutableMemory.monotonicNanoseconds)
      var records: [UInt8] = []
      if !symbol.lines.isEmpty { records = JITDumpFormat.lines(symbol, stamp) }
      records += JITDumpFormat.load(symbol, code: bytes, index: state.index, stamp)
      // What a failing write left is written over by the next one.
      try descriptor.write(records, at: state.length)
      state.length += records.count
      state.index += 1
    }
  }

  deinit {
    let end = JITDumpFormat.close(time: ExecutableMemory.monotonicNanoseconds)
    // The record is optional: what reads the file stops at its end, too.
    try? descriptor.write(end, at: state.withLock { $0.length })
  }
}
