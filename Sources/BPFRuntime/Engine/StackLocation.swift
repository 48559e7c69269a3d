public import BPFISA

/// An instruction of a program, as call stacks (`bpf_get_stack`, `stack_trace` maps) name it.
public struct StackLocation: Hashable, Sendable {
  public let program: String
  /// The function the instruction is in.
  public let function: String
  /// The slot of the instruction: the call that the stack waits in.
  public let slot: Int
  /// The source line, if the program carries lines.
  public let line: LineInfo?
}

extension LoadedProgram {
  /// What an address in a call stack stands for, or nil for one of another program.
  ///
  /// Addresses are stable: the same program has the same in every process. They are no addresses of memory.
  ///
  /// - Complexity: O(log *n*), *n* the program's functions and lines.
  public func location(ofStackAddress address: UInt64) -> StackLocation? {
    let slot = Int(address & StackAddress.slotMask)
    guard address & ~StackAddress.slotMask == code.stackBase,
      program.slots.indices.contains(slot)
    else { return nil }
    return StackLocation(
      program: name, function: program.subprogram(at: slot).name, slot: slot,
      line: program.line(at: slot))
  }
}

/// The parts of an address in a call stack: a mark, 32 bits that tell programs apart, and the slot.
enum StackAddress {
  static let slotMask: UInt64 = 0xff_ffff
  private static let mark: UInt64 = 0xbf << 56

  /// The address of a program's first slot: a hash (FNV-1a) of its name and its instructions.
  static func base(of program: Program) -> UInt64 {
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in program.name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for slot in program.slots { state = (state ^ slot.bits) &* 0x100_0000_01b3 }
    return mark | (state >> 32) << 24
  }
}

extension CheckedMachine {
  /// The calls that the running instruction is in, innermost first.
  var callStack: [UInt64] {
    // SAFETY: the frames below the running function's hold live code and pointers into its instructions.
    var addresses = unsafe [code.stackAddress(before: unsafe next)]
    for index in (0..<depth).reversed() {
      let frame = unsafe callFrames[index]
      addresses.append(
        unsafe frame.code._withUnsafeGuaranteedRef { unsafe $0.stackAddress(before: frame.next) })
    }
    return addresses
  }
}

extension CheckedCode {
  fileprivate func stackAddress(before next: UnsafeMutablePointer<DecodedInstruction>) -> UInt64 {
    stackBase | UInt64(truncatingIfNeeded: unsafe slot(before: next)) & StackAddress.slotMask
  }
}
