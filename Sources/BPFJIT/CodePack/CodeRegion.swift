/// Executable memory: a pack, or the pages of one image. Unmapped when it goes.
///
/// It is never mapped writable and executable. A region of a memory file is mapped for reading and execution, and written
/// through the file; nothing of it can be read before it is written, as its file ends there. Private pages are either writable
/// or executable, as a whole, so that they hold one image, which nobody runs while it is copied.
final class CodeRegion: Sendable {
  enum Storage: Hashable, Sendable {
    /// Backed by a file in memory, by its descriptor.
    case memoryFile(Int32)
    case privatePages
  }

  let base: UInt
  /// A multiple of the page size.
  let byteCount: Int
  let storage: Storage
  /// The process that made it. A child process shares the memory, but not who uses what of it.
  let owner: Int32

  init(base: UInt, byteCount: Int, storage: Storage, owner: Int32) {
    self.base = base
    self.byteCount = byteCount
    self.storage = storage
    self.owner = owner
  }

  deinit {
    ExecutableMemory.unmap(base, byteCount: byteCount)
    switch storage {
    case .memoryFile(let descriptor): ExecutableMemory.close(descriptor)
    case .privatePages: break
    }
  }

  func write(_ bytes: borrowing RawSpan, at offset: Int) throws(CodePackError) {
    precondition(offset >= 0 && offset + bytes.byteCount <= byteCount, "a copy stays in its region")
    do throws(SystemCallFailure) {
      switch storage {
      case .memoryFile(let descriptor):
        try ExecutableMemory.write(bytes, to: descriptor, at: offset)
      case .privatePages:
        try ExecutableMemory.protect(base, byteCount: byteCount, .writable)
        ExecutableMemory.copy(bytes, to: base + UInt(offset))
      }
    } catch {
      switch error.code {
      case ExecutableMemory.noMemory, ExecutableMemory.noSpace:
        throw .outOfMemory(code: error.code)
      default: throw .copyFailed(code: error.code)
      }
    }
    guard storage == .privatePages else { return }
    try setExecutable(true)
  }

  /// Makes the region executable, or inaccessible.
  func setExecutable(_ isExecutable: Bool) throws(CodePackError) {
    do throws(SystemCallFailure) {
      try ExecutableMemory.protect(
        base, byteCount: byteCount, isExecutable ? .executable : .inaccessible)
    } catch {
      throw .executionRefused(code: error.code)
    }
  }
}

extension CodeRegion {
  /// Maps so many bytes, near the anchor where there is place, and lets the file in memory end at 0.
  static func open(
    byteCount: Int, alignment: UInt, placement: inout CodePlacement, system: CodePackSystem
  ) throws(CodePackError) -> CodeRegion {
    if let region = try? ofMemoryFile(
      byteCount: byteCount, alignment: alignment, placement: &placement, system: system)
    {
      return region
    }
    return try ofPrivatePages(byteCount: byteCount, placement: &placement, system: system)
  }

  /// A region of a file in memory. Where the system refuses these (few descriptors, no execution of such files, a filter of
  /// system calls, a limit on files' sizes), private pages may do.
  static func ofMemoryFile(
    byteCount: Int, alignment: UInt, placement: inout CodePlacement, system: CodePackSystem
  ) throws(CodePackError) -> CodeRegion {
    let descriptor: Int32
    do throws(SystemCallFailure) {
      descriptor = try system.openMemoryFile(byteCount)
    } catch {
      throw .outOfMemory(code: error.code)
    }
    do throws(CodePackError) {
      let base = try map(
        byteCount: byteCount, alignment: alignment, descriptor: descriptor, placement: &placement)
      return CodeRegion(
        base: base, byteCount: byteCount, storage: .memoryFile(descriptor),
        owner: system.processIdentifier())
    } catch {
      ExecutableMemory.close(descriptor)
      throw error
    }
  }

  /// Private pages, inaccessible until they are written.
  static func ofPrivatePages(
    byteCount: Int, placement: inout CodePlacement, system: CodePackSystem
  ) throws(CodePackError) -> CodeRegion {
    // Executable at first, so that a system that does not permit it refuses now.
    let base = try map(
      byteCount: byteCount, alignment: UInt(ExecutableMemory.pageSize), descriptor: nil,
      placement: &placement)
    let region = CodeRegion(
      base: base, byteCount: byteCount, storage: .privatePages, owner: system.processIdentifier())
    try region.setExecutable(false)
    return region
  }

  private static func map(
    byteCount: Int, alignment: UInt, descriptor: Int32?, placement: inout CodePlacement
  ) throws(CodePackError) -> UInt {
    do throws(SystemCallFailure) {
      for _ in 0..<CodePlacement.attempts {
        guard let place = placement.next(byteCount: byteCount, alignment: alignment) else { break }
        if let base = ExecutableMemory.mapExecutable(
          byteCount: byteCount, descriptor: descriptor, at: place)
        {
          return base
        }
      }
      return try ExecutableMemory.mapExecutable(byteCount: byteCount, descriptor: descriptor)
    } catch {
      if error.code == ExecutableMemory.noMemory { throw .outOfMemory(code: error.code) }
      throw .executionRefused(code: error.code)
    }
  }
}
