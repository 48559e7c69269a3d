import BPFPlatform

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A range of zeroed memory from the system, whose pages are taken when they are first written.
///
/// The only owner of map memory: every pointer into it is valid while the map that owns it lives.
@safe
struct MappedMemory: ~Copyable, @unchecked Sendable {
  // `@unchecked`: the address and size never change, and who may touch which bytes is the storage's concern.
  let base: UnsafeMutableRawPointer
  let count: Int

  /// Reserves at least `count` bytes, page-aligned; nil where the system has no address space for them.
  init?(count: Int) {
    let size = max(count, 1)
    #if canImport(Darwin)
    let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
    #else
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #endif
    let address = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else { return nil }
    unsafe base = address
    self.count = size
  }

  /// Asks the system for large pages, where there is enough memory for some.
  func preferLargePages() {
    unsafe HugePages.advise(base, byteCount: count)
  }

  deinit { unsafe munmap(base, count) }
}

/// Sizes one after another in one range of memory, each part aligned to a cache line, with overflow noticed.
struct MemoryLayoutPlan {
  /// The bytes planned so far, nil after an overflow.
  private(set) var total: Int? = 0

  /// Adds a part of `count` elements of `stride` bytes and gives its offset (0 once the plan has overflowed).
  mutating func add(_ count: Int, stride: Int) -> Int {
    guard let start = total else { return 0 }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: stride)
    let (end, overflowAgain) = start.addingReportingOverflow(bytes)
    let (padded, overflowAtLast) = end.addingReportingOverflow(63)
    guard !overflow, !overflowAgain, !overflowAtLast else {
      total = nil
      return 0
    }
    total = padded & ~63
    return start
  }
}

extension Int {
  /// The next multiple of 8; the caller has bounded the number.
  var roundedUpTo8: Int { (self + 7) & ~7 }
}

/// Why a map's memory is not to be had.
enum MapMemoryRefusal: Error {
  /// It could take more than the limit, given in bytes.
  case overLimit(Int)
  /// The system has no address space for it.
  case unavailable
}

extension MappedMemory {
  init(_ plan: MemoryLayoutPlan, limits: MapLimits) throws(MapMemoryRefusal) {
    guard let total = plan.total, total <= limits.maximumBytes else {
      throw .overLimit(limits.maximumBytes)
    }
    guard let memory = MappedMemory(count: total) else { throw .unavailable }
    self = memory
  }
}
