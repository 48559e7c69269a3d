/// What code packs ask of the system beside memory; tests answer otherwise.
struct CodePackSystem: Sendable {
  /// Makes an empty file in memory that may be executed and grow to so many bytes.
  var openMemoryFile: @Sendable (Int) throws(SystemCallFailure) -> Int32
  var processIdentifier: @Sendable () -> Int32

  /// - Parameter name: as the file in memory is shown among a process's mappings.
  static func current(name: String = "bpfkit-code") -> CodePackSystem {
    CodePackSystem(
      openMemoryFile: { byteCount throws(SystemCallFailure) in
        try ExecutableMemory.openMemoryFile(name: name, byteCount: byteCount)
      },
      processIdentifier: { ExecutableMemory.processIdentifier })
  }
}

/// A system call that failed, by its error number.
struct SystemCallFailure: Error, Hashable {
  let code: Int32
}
