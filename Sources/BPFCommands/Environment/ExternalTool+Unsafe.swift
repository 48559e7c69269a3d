#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Programs of others that commands ask where they are installed.
enum ExternalTool {
  /// What a program writes that is found by its name on the path, given bytes as its standard input; nil where there is no such
  /// program, or it fails. It has no environment, and what it says of errors goes nowhere.
  ///
  /// - Complexity: O(`input` + output), beside what the program does.
  static func output(of name: String, _ arguments: [String], input: [UInt8]) -> [UInt8]? {
    do throws(SystemError) {
      let source = try FileDescriptor.temporary()
      try source.write(input)
      try source.rewind()
      let result = try FileDescriptor.temporary()
      guard run(name, arguments, source.number, result.number) else { return nil }
      try result.rewind()
      var bytes: [UInt8] = []
      while try result.read(atMost: 1 << 20, appendingTo: &bytes) > 0 {}
      return bytes
    } catch {
      return nil
    }
  }

  /// Runs a program and waits for its end; whether it succeeded.
  ///
  /// SAFETY: the system copies strings and actions before the call returns; all of them are freed after it.
  private static func run(
    _ name: String, _ arguments: [String], _ input: Int32, _ output: Int32
  ) -> Bool {
    #if canImport(Darwin)
    var actions: posix_spawn_file_actions_t?
    #else
    var actions = unsafe posix_spawn_file_actions_t()
    #endif
    guard unsafe posix_spawn_file_actions_init(&actions) == 0 else { return false }
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    guard unsafe posix_spawn_file_actions_adddup2(&actions, input, 0) == 0,
      unsafe posix_spawn_file_actions_adddup2(&actions, output, 1) == 0,
      unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0
    else { return false }
    var strings = unsafe ([name] + arguments).map { unsafe strdup($0) }
    defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
    unsafe strings.append(nil)
    var environment: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
    var process: pid_t = 0
    guard unsafe posix_spawnp(&process, name, &actions, nil, &strings, &environment) == 0 else {
      return false
    }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return false }
    }
    return status == 0
  }
}
