/// How instructions are written as text. No choice here changes what a program means.
public struct TextStyle: Hashable, Sendable {
  public var dialect: Dialect
  public var radix: Radix

  public init(dialect: Dialect = .lossless, radix: Radix = .hexadecimal) {
    self.dialect = dialect
    self.radix = radix
  }

  /// What is done where LLVM's text leaves something out.
  @frozen
  public enum Dialect: Hashable, Sendable {
    /// As `llvm-objdump -d` (LLVM 21) prints it, except where that leaves out what tells instructions apart:
    /// calls that are not of helpers, 16-byte load immediates that are not numbers, and the immediate of an
    /// indirect packet load. Assembling the text gives the same slots.
    case lossless
    /// Exactly as `llvm-objdump -d` (LLVM 21) prints it.
    case llvm
    /// As the kernel's verifier and bpftool print it: the opcode first, `pc+1` for displacements, all registers by their
    /// 64-bit names where memory is accessed. Numbers have the radix that the kernel gives them, whatever ``radix`` is.
    case kernel
  }

  /// The radix of immediates, offsets and displacements.
  @frozen
  public enum Radix: Hashable, Sendable {
    /// As LLVM 21 does by default.
    case hexadecimal
    /// As the kernel and LLVM before version 18 do.
    case decimal
  }

  /// `value` with a sign only if it is negative.
  func number(_ value: some BinaryInteger) -> String {
    switch radix {
    case .hexadecimal: hexadecimal(value)
    case .decimal: String(value)
    }
  }

  /// `value` with a sign in any case: `+0x3`, `-3`.
  func signed(_ value: some BinaryInteger) -> String {
    value < 0 ? number(value) : "+" + number(value)
  }
}
