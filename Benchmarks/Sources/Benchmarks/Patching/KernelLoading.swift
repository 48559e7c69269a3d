import BPFISA
import CBPFShims
import Glibc

/// How long the running kernel takes to load a program, which is never attached and gone at once.
struct KernelLoading {
  /// Seconds for one load; nil where bpf(2) is not permitted or the program is refused.
  func seconds(_ program: Program) -> Double? {
    let words = program.slots.map(\.bits)
    let license: [UInt8] = Array("GPL".utf8) + [0]
    var attributes = [UInt8](repeating: 0, count: 144)
    func set(_ value: UInt64, size: Int, at offset: Int) {
      for index in 0..<size {
        attributes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    }
    // BPF_PROG_TYPE_SCHED_CLS
    set(3, size: 4, at: 0)
    set(UInt64(words.count), size: 4, at: 4)
    let clock = ContinuousClock()
    let start = clock.now
    // SAFETY: the addresses are of memory that lives until the call returns, and as large as the sizes beside them say.
    let result = unsafe words.withUnsafeBytes { words in
      unsafe license.withUnsafeBytes { license in
        set(UInt64(UInt(bitPattern: words.baseAddress)), size: 8, at: 8)
        set(UInt64(UInt(bitPattern: license.baseAddress)), size: 8, at: 16)
        let size = UInt32(attributes.count)
        return unsafe attributes.withUnsafeMutableBytes {
          // BPF_PROG_LOAD
          unsafe bpfkit_bpf(5, $0.baseAddress, size)
        }
      }
    }
    let (whole, attoseconds) = (clock.now - start).components
    guard result >= 0 else { return nil }
    close(Int32(result))
    return Double(whole) + Double(attoseconds) / 1e18
  }
}
