#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Asks the system to back large memory by huge pages before it is first written.
///
/// A rewrite touches every byte of its arrays once or twice, so that most of its time would go into page faults of
/// 4 KiB each: the benchmark `patching` takes less than half the time with it. Maps with keys all over their memory save most
/// of the address translations. Only a hint; without effect elsewhere than on Linux, and for memory below ``threshold``.
package enum HugePages {
  /// The least size worth a call, in bytes.
  package static let threshold = 2 << 20

  private static let pageSize = 4096

  /// Asks for huge pages for memory that is not written yet.
  ///
  /// SAFETY: the memory belongs to the caller, but for some of its first page. It is not read or written here, and the hint
  /// changes no contents.
  package static func advise(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    #if os(Linux)
    guard byteCount >= threshold else { return }
    let start = UInt(bitPattern: base)
    // From the start of its page, which is the start of the mapping: a huge page has to lie in it as a whole.
    let aligned = start & ~UInt(pageSize - 1)
    let length = byteCount + Int(start - aligned)
    // MADV_HUGEPAGE. A kernel without huge pages refuses, and nothing is lost.
    _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: aligned), length, 14)
    #endif
  }

  /// Asks for huge pages for elements that are not written yet.
  package static func advise<Element>(_ base: UnsafeMutablePointer<Element>, count: Int) {
    unsafe advise(
      UnsafeMutableRawPointer(base), byteCount: count * MemoryLayout<Element>.stride)
  }
}
