/// Whole files, read and written.
enum FileContents {
  /// The most that is read of an object file, an assembler text or a map's contents.
  static let defaultLimit = 256 << 20

  /// The bytes of a file, or of standard input where the path is `-`.
  static func read(
    _ path: String, in environment: CommandEnvironment, limit: Int = defaultLimit
  ) throws(CommandError) -> [UInt8] {
    if path == "-" { return try environment.input.readAll(limit: limit) }
    return try read(path, limit: limit)
  }

  /// The bytes of a file.
  static func read(_ path: String, limit: Int = defaultLimit) throws(CommandError) -> [UInt8] {
    var bytes: [UInt8] = []
    var operation = CommandError.FileOperation.open
    do throws(SystemError) {
      let file = try FileDescriptor.open(reading: path)
      operation = .read
      while try file.read(atMost: 1 << 18, appendingTo: &bytes) > 0 {
        if bytes.count > limit { break }
      }
    } catch {
      throw .file(path: path, operation: operation, error: error)
    }
    guard bytes.count <= limit else { throw .fileTooLarge(path: path, limit: limit) }
    return bytes
  }

  /// Writes a file beside its place and renames it there, so that nobody ever sees half of it.
  static func write(_ bytes: [UInt8], to path: String) throws(CommandError) {
    var operation = CommandError.FileOperation.write
    let beside = "\(path).\(FileDescriptor.processIdentifier).part"
    do throws(SystemError) {
      let file = try FileDescriptor.create(beside)
      do throws(SystemError) {
        try file.write(bytes)
        operation = .rename
        try FileDescriptor.rename(beside, to: path)
      } catch {
        FileDescriptor.remove(beside)
        throw error
      }
    } catch {
      throw .file(path: path, operation: operation, error: error)
    }
  }
}
