/// Where code finds what the runtime keeps for it: what rewritten programs, interpreters and compilers agree on.
///
/// A running program's stack lies in a *run area* that begins at a multiple of ``areaSize``. So code finds the area's header
/// from any frame pointer, by clearing the low bits.
public enum TargetABI {
  /// The size of a run area in bytes, and what its address is a multiple of.
  public static let areaSize = 1 << 18
  /// Where in the area the number of the worker is, 8 bytes.
  public static let workerOffset: Int16 = 0
  /// Where compiled code finds or leaves what it and the functions it calls tell each other, as distances from the area's
  /// beginning, 8 bytes each: the frame pointer of a function that calls a helper,
  public static let framePointerOffset: Int16 = 8
  /// that helper's number,
  public static let helperOffset: Int16 = 16
  /// where in which program it is called, where programs are to know,
  public static let callSiteOffset: Int16 = 24
  /// what a program that a tail call leads to has in `r1`
  public static let firstArgumentOffset: Int16 = 32
  /// and in `r2`,
  public static let secondArgumentOffset: Int16 = 40
  /// what the functions find the run by,
  public static let runOffset: Int16 = 48
  /// which program was started or last called,
  public static let programOffset: Int16 = 56
  /// and whether something is to be given back when the run ends.
  public static let keepingOffset: Int16 = 64
  /// The bytes at the beginning of an area that are no stack.
  public static let headerSize = 128
  /// The stack of a function that its program may use, in bytes.
  public static let stackSize = 512
  /// The stack below it that passes use.
  public static let passStackSize = 64
  /// The stack of a function in all.
  public static let frameSize = stackSize + passStackSize
  /// What an engine keeps of a function at its frame pointer.
  public static let frameRecordSize = 64
  /// From one function's frame pointer to the next one's.
  public static let frameStride = frameSize + frameRecordSize
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
