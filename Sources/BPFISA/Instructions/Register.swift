/// A BPF register (RFC 9669 section 2.1), with `r11`, the base of stack arguments added in 2026.
@frozen
public enum Register: UInt8, CaseIterable, Hashable, Sendable {
  case r0, r1, r2, r3, r4, r5, r6, r7, r8, r9
  /// The read-only frame pointer: one past the highest byte of the function's stack frame.
  case r10
  /// The base of stack arguments: argument 6 is stored at `r11 - 8`, and read by the callee at `r11 + 8`.
  case r11
}
