/// The text file in which `perf` looks up addresses of code that no file has: `/tmp/perf-PID.map`.
///
/// A line for each symbol: address and size in hexadecimal digits, and the name (perf's `jit-interface.txt`). Lines are
/// only added, each by one write, so that several writers of a process may share the file. When code is freed, its line
/// stays: of two lines for one address, a tool may show either.
///
/// `perf` itself looks for symbols there in anonymous memory only: it finds those of ``CodeStorage/privatePages``, and not those of
/// packs, which are files to it. ``JITDump`` serves both.
///
/// The path can be known before, and anybody may write the folder. So the file is opened without following a link, and is not used
/// if it belongs to somebody else.
public final class PerfMap: CodeSymbolFile {
  public let path: String
  private let descriptor: SymbolFileDescriptor

  /// Opens the file of this process, or makes it. Nobody else may read it.
  public init(folder: String = "/tmp") throws(CodeSymbolFileError) {
    path = "\(folder)/perf-\(ExecutableMemory.processIdentifier).map"
    descriptor = try SymbolFileDescriptor(appending: path)
  }

  public func record(
    _ symbol: CodeSymbol, code: borrowing RawSpan
  ) throws(CodeSymbolFileError) {
    try descriptor.append(Self.line(symbol))
  }

  static func line(_ symbol: CodeSymbol) -> [UInt8] {
    let address = String(symbol.address, radix: 16)
    let size = String(symbol.size, radix: 16)
    return Array("\(address) \(size) \(symbol.name)\n".utf8)
  }
}
