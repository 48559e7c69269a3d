import BPFPlatform
import Synchronization

/// The program arrays of an engine, and its maps with timers, emptied when nobody can run a program of it any more.
///
/// A program and an array that it is in and calls through keep each other alive; so do a program and a timer that calls
/// a function of it. The engine and every program it
/// gave out hold this object; the programs in the arrays do not.
final class ProgramArrays: Sendable {
  private let maps = Mutex<[Map]>([])

  func add(_ arrays: [Map]) {
    maps.withLock { $0 += arrays }
  }

  deinit {
    maps.withLock { maps in
      for map in maps {
        map.removeAllPrograms()
        map.cancelTimers()
      }
    }
  }
}

extension Map {
  /// Whether its entries may keep programs alive: in its slots, or as callbacks of timers.
  var keepsPrograms: Bool {
    spec.kind == .programArray || spec.specialFields.contains { $0.kind == .timer }
  }
}
