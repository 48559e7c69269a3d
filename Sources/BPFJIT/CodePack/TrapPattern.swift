/// An instruction that traps wherever control enters a run of it.
struct TrapPattern: Hashable, Sendable {
  let bytes: [UInt8]

  /// `int3`: one byte, so that a jump to any byte of a run meets one.
  static let x86_64 = TrapPattern(bytes: [0xcc])

  /// So many bytes of traps.
  func run(byteCount: Int) -> [UInt8] {
    precondition(byteCount.isMultiple(of: bytes.count), "a run has whole instructions")
    return (0..<byteCount).map { bytes[$0 % bytes.count] }
  }
}
