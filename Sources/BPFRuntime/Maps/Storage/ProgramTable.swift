import BPFPlatform
import Synchronization

/// The programs of a `prog_array`.
///
/// A program in the array that uses the array keeps both alive. Whoever owns the map ends that with
/// ``Map/removeAllPrograms()``, as the kernel does when the last user of the map goes.
final class ProgramTable: Sendable {
  let count: Int
  private let slots: Mutex<Slots>

  /// What the lock covers.
  private struct Slots {
    /// As long as the highest index in use asks for.
    var programs: [LoadedProgram?] = []
    /// The type of the first program ever set, which all others must have.
    var type: UInt32?
  }

  init(count: Int) {
    self.count = count
    slots = Mutex(Slots())
  }

  func program(at index: UInt32) -> LoadedProgram? {
    slots.withLock { slots in
      Int(index) < slots.programs.count ? slots.programs[Int(index)] : nil
    }
  }

  func set(_ program: LoadedProgram, at index: UInt32) -> MapErrno? {
    guard Int(index) < count else { return .tooBig }
    return slots.withLock { slots in
      if let type = slots.type, type != program.type.rawValue { return .invalidArgument }
      slots.type = program.type.rawValue
      while slots.programs.count <= Int(index) { slots.programs.append(nil) }
      slots.programs[Int(index)] = program
      return nil
    }
  }

  func remove(at index: UInt32) -> MapErrno? {
    guard Int(index) < count else { return .tooBig }
    return slots.withLock { slots in
      guard Int(index) < slots.programs.count, slots.programs[Int(index)] != nil else {
        return .noEntry
      }
      slots.programs[Int(index)] = nil
      return nil
    }
  }

  func removeAll() {
    let removed = slots.withLock { slots in
      let programs = slots.programs
      slots.programs = []
      return programs
    }
    // Programs may own maps: they go after the lock is free.
    _ = consume removed
  }
}
