/// A file by which tools learn the names of code that is made while a process runs.
public protocol CodeSymbolFile: Sendable {
  /// Tells of code that was installed.
  ///
  /// - Parameter code: its bytes, as many as the symbol's size.
  /// - Complexity: O(`code` + lines).
  func record(_ symbol: CodeSymbol, code: borrowing RawSpan) throws(CodeSymbolFileError)
}
