/// Where code finds what the runtime keeps for it: what rewritten programs, interpreters and compilers agree on.
///
/// A running program's stack lies in a *run area* that begins at a multiple of ``areaSize``. So code finds the area's header
/// from any frame pointer, by clearing the low bits.
public enum TargetABI {
  /// The size of a run area in bytes, and what its address is a multiple of.
  public static let areaSize = 8192
  /// Where in the area the number of the worker is, 8 bytes.
  public static let workerOffset: Int16 = 0
  /// The bytes at the beginning of an area that are no stack.
  public static let headerSize = 64
  /// The stack of a function that its program may use, in bytes.
  public static let stackSize = 512
  /// The stack below it that passes use.
  public static let passStackSize = 64
  /// The stack of a function in all.
  public static let frameSize = stackSize + passStackSize
}

/// What passes keep on the stack, in the room below the program's own: for each function, as offsets to `r10`.
enum PassStack {
  /// The counter of `may_goto`.
  static let mayGotoCounter = slot(0)
  /// What a register holds while a patch uses it.
  static let scratch = slot(1)
  /// The bytes a packet load gets from a helper.
  static let packetBytes = slot(2)
  /// What an inlined loop keeps of `r6`, `r7` and `r8`.
  static let loopRegisters = (slot(3), slot(4), slot(5))
  /// What a register holds while blinded code, a patch's too, uses it.
  static let blindingScratch = slot(6)

  private static func slot(_ index: Int) -> Int16 {
    Int16(-TargetABI.stackSize - 8 * (index + 1))
  }
}
