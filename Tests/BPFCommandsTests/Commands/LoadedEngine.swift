import BPFJIT

/// What runs programs where these tests run.
enum LoadedEngine {
  /// Whether verified programs are compiled.
  static let isCompiled = Compiler.isSupported
}
