#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Asks the system to back large memory by huge pages before it is first written.
///
/// A rewrite touches every byte of its arrays once or twice, so that most of its time would go into page faults of
/// 4 KiB each: the benchmark `patching` takes less than half the time with it. Only a hint; without effect elsewhere than
/// on Linux, and for memory below ``threshold``.
enum HugePages {
  /// The least size worth a call, in bytes.
  static let threshold = 2 << 20

  private static let pageSize = 4096

  /// An array whose elements are to be written before they are read: until then they are whatever the memory held.
  static func unwritten<Element: BitwiseCopyable>(_ count: Int) -> [Element] {
    unsafe [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      // SAFETY: every pattern of bits is a value of the number types this is used for, and the caller reads none of them.
      if let base = buffer.baseAddress { unsafe advise(base, count: buffer.count) }
      initialized = count
    }
  }

  /// Asks for huge pages for elements that are not written yet.
  ///
  /// SAFETY: the memory belongs to the caller, but for some of its first page. It is not read or written here, and the hint
  /// changes no contents.
  static func advise<Element>(_ base: UnsafeMutablePointer<Element>, count: Int) {
    #if os(Linux)
    let bytes = count * MemoryLayout<Element>.stride
    guard bytes >= threshold else { return }
    let start = UInt(bitPattern: base)
    // From the start of its page, which is the start of the mapping: a huge page has to lie in it as a whole.
    let aligned = start & ~UInt(pageSize - 1)
    let length = bytes + Int(start - aligned)
    // MADV_HUGEPAGE. A kernel without huge pages refuses, and nothing is lost.
    _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: aligned), length, 14)
    #endif
  }
}
