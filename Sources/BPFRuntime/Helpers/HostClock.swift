#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The clocks that programs of a frame read.
public enum HostClock: Hashable, Sendable {
  /// The host's own.
  case system
  /// All clocks show this many nanoseconds, so that a run can be repeated exactly.
  case fixed(nanoseconds: UInt64)

  /// A clock of the kernel's.
  enum Kind {
    /// Since boot, not counting time asleep.
    case monotonic
    /// As monotonic, but read from the last timer tick.
    case coarse
    /// Since boot.
    case boot
    /// International Atomic Time.
    case atomicTime
    /// The time of day.
    case real

    /// The clocks that timers run by.
    static let ofTimers: [Kind] = [.monotonic, .real, .boot]

    /// The clock that a program chooses for a timer (`CLOCK_…`), or nil for one that no timer runs by.
    init?(timerClock number: UInt64) {
      switch number {
      case 0: self = .real
      case 1: self = .monotonic
      case 7: self = .boot
      default: return nil
      }
    }
  }

  func nanoseconds(_ kind: Kind) -> UInt64 {
    switch self {
    case .fixed(let nanoseconds): return nanoseconds
    case .system:
      var time = timespec()
      guard unsafe clock_gettime(Self.identifier(kind), &time) == 0 else { return 0 }
      let seconds = UInt64(bitPattern: Int64(time.tv_sec))
      return seconds &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
    }
  }

  private static func identifier(_ kind: Kind) -> clockid_t {
    #if os(Linux)
    switch kind {
    case .monotonic: CLOCK_MONOTONIC
    case .coarse: CLOCK_MONOTONIC_COARSE
    case .boot: CLOCK_BOOTTIME
    case .atomicTime: CLOCK_TAI
    case .real: CLOCK_REALTIME
    }
    #else
    switch kind {
    case .monotonic: CLOCK_UPTIME_RAW
    case .coarse: CLOCK_UPTIME_RAW_APPROX
    case .boot: CLOCK_MONOTONIC_RAW
    case .atomicTime, .real: CLOCK_REALTIME
    }
    #endif
  }
}

extension HostClock {
  /// The timer ticks a second that `bpf_jiffies64` counts: the default of x86 and arm64 kernels.
  static let ticksPerSecond: UInt64 = 250

  /// The kernel's counter starts five minutes before it wraps at 32 bits.
  private static let firstTick = (1 << 32) - 300 * ticksPerSecond

  /// Timer ticks, as the kernel counts them.
  var ticks: UInt64 {
    Self.firstTick &+ nanoseconds(.monotonic) / (1_000_000_000 / Self.ticksPerSecond)
  }
}
