import Synchronization

/// The program arrays of an engine, emptied when nobody can run a program of it any more.
///
/// A program and an array that it is in and calls through keep each other alive. The engine and every program it
/// gave out hold this object; the programs in the arrays do not.
final class ProgramArrays: Sendable {
  private let maps = Mutex<[Map]>([])

  func add(_ arrays: [Map]) {
    maps.withLock { $0 += arrays }
  }

  deinit {
    maps.withLock { maps in
      for map in maps { map.removeAllPrograms() }
    }
  }
}
