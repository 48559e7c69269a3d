import BPFISA

// Problems of a program's shape, of registers and of pointers as such.
extension Rejection.Explanation {
  // MARK: Structure

  static var emptyProgram: Self {
    Self(
      "the program has no instructions", reason: "A program runs to an exit instruction",
      suggestion: "Give it at least a value for r0 and an exit")
  }

  static func tooManyFunctions(_ count: Int) -> Self {
    Self(
      "the program has \(count) functions, the most is \(VerifierLimits.functions)",
      reason: "Each function called or used as a callback is a subprogram of its own",
      suggestion:
        "Let the compiler inline small functions (always_inline), or split the program with tail calls"
    )
  }

  static func jumpOutsideFunction(_ target: Int) -> Self {
    Self(
      "it jumps to instruction \(target), which is outside of the function it is in",
      reason: "A jump stays in its function; only a call or a tail call leaves it",
      suggestion: "Correct the jump's offset, or call the other function")
  }

  static func jumpIntoLoadImmediate(_ target: Int) -> Self {
    Self(
      "it leads to slot \(target), the second half of a 16-byte load immediate",
      reason: "The second half holds the number's upper bits and is no instruction",
      suggestion: "Count a 16-byte load as two slots where offsets are worked out by hand")
  }

  static func callOutsideProgram(_ target: Int) -> Self {
    Self(
      "it refers to a function at slot \(target), where the program has no instruction",
      reason: "The functions a program calls are part of it",
      suggestion: "Link the function into the program, or correct the offset of the call")
  }

  static var fallsOffEnd: Self {
    Self(
      "the function runs on behind its last instruction",
      reason: "What lies there is another function, or nothing",
      suggestion:
        "End every function with exit or a jump; in C, return on every path and look for undefined behaviour that made the compiler drop the rest"
    )
  }

  static var unreachable: Self {
    Self(
      "no path leads to the instruction",
      reason: "Code that never runs is not checked, and a fault in the processor could run it",
      suggestion:
        "Remove it, or allow it (--allow-unreachable) and have the pass 'unreachable' take it out")
  }

  // MARK: Registers

  static func uninitialized(_ register: Register, follows call: String?) -> Self {
    let isScratch = (1...5).contains(register.rawValue)
    return Self(
      "\(register.name) is read, and nothing was written to it",
      reason: isScratch
        ? "Its contents would be left over from elsewhere; a call leaves nothing in r1 to r5"
          + (call.map { ", and \($0) is called right before" } ?? "")
        : "Its contents would be left over from elsewhere",
      suggestion: register == .r0
        ? "Set r0 on every path before it is read; at an exit it is what the function returns"
        : isScratch
          ? "Set \(register.name) again after the call, or keep the value in r6 to r9"
          : "Set \(register.name) on every path that leads here")
  }

  static var writeToFramePointer: Self {
    Self(
      "r10 is written",
      reason:
        "r10 is the frame pointer and is the same from a function's first instruction to its last",
      suggestion: "Copy r10 to another register and change that")
  }

  static var stackArguments: Self {
    Self(
      "r11 is used, which stands for arguments on the stack",
      reason: "Functions take at most five arguments, in r1 to r5",
      suggestion: "Pass further values in a structure, by its address")
  }

  // MARK: Pointers

  static func pointerArithmetic(
    _ register: Register, _ operation: Rejection.PointerOperation
  ) -> Self {
    let name = register.name
    switch operation {
    case .operation:
      return Self(
        "\(name) is a pointer, of which only sums and differences can be made",
        reason: "Any other operation gives something that is no address in the same memory",
        suggestion: "Do the arithmetic on an offset, a number, and add that to the pointer")
    case .halfWidth:
      return Self(
        "\(name) is a pointer, and the operation has 32 bits",
        reason: "The upper half of the address would be lost",
        suggestion: "Use the 64-bit operation; in C, do not convert the pointer to a 32-bit type")
    case .twoPointers:
      return Self(
        "\(name) is a pointer, and so is the other operand",
        reason:
          "Only the difference of two pointers means something, and only a program that may see addresses can make it",
        suggestion: "Add an offset to one of the pointers instead")
    case .subtracted:
      return Self(
        "\(name) is a pointer and is subtracted from a number",
        reason: "The result is no address",
        suggestion: "Subtract the number from the pointer")
    case .nullable:
      return Self(
        "\(name) may be null and is moved",
        reason: "Null plus an offset can no longer be told from an address",
        suggestion: "Compare \(name) with null first, and move it where it is not")
    case .fixed:
      return Self(
        "\(name) is a pointer that cannot be moved",
        reason: "It stands for a whole object, whose inside is not laid out for the program",
        suggestion:
          "Use \(name) as it is; to reach a part of it, call the helper or read the field that gives it"
      )
    case .partialCopy:
      return Self(
        "only a part of the pointer in \(name) is copied",
        reason:
          "A part of an address is no pointer, and as a number it would tell where memory lies",
        suggestion: "Copy all 64 bits")
    case .variableStack:
      return Self(
        "\(name) points to the stack and is moved by a number that is not constant",
        reason:
          "An unprivileged program may reach its stack at constant offsets only: the processor could run ahead with others",
        suggestion: "Keep what is indexed in a map's value, or write out an access for each index")
    }
  }

  static func pointerOutOfReach(_ register: Register, _ offset: Int64) -> Self {
    Self(
      "\(register.name) is moved by \(offset) bytes",
      reason: "A pointer moves by less than \(VerifierLimits.variableOffset) bytes in all",
      suggestion:
        "Look for an offset that is a negative number taken as unsigned, and keep it small")
  }

  static func pointerUnbounded(_ register: Register, _ range: ClosedRange<Int64>) -> Self {
    Self(
      "\(register.name) is moved by a number from \(range.lowerBound) to \(range.upperBound)",
      reason:
        "The number must be known to stay between -\(VerifierLimits.variableOffset) and \(VerifierLimits.variableOffset), or the sum could wrap around",
      suggestion:
        "Compare the number with its bounds first, in the register that is added, or mask it (offset &= 0xff); use an unsigned type, so that one comparison is enough"
    )
  }

  static func pointerLeak(_ register: Register) -> Self {
    Self(
      "the pointer in \(register.name) would become visible as a number",
      reason: "Whoever reads a map, the packet or the context would learn where memory lies",
      suggestion: "Store what it points to, or a number of your own, in its place")
  }

  static func returnsPointer(from globalFunction: String?) -> Self {
    Self(
      "r0 is a pointer where \(globalFunction.map { "the global function '\($0)'" } ?? "the program") ends",
      reason: globalFunction == nil
        ? "The program's result is a number, which whoever runs it gets to see"
        : "Callers of a global function know of its result only that it is a number",
      suggestion:
        "Set r0 to the verdict on every path that ends; look for a lookup's result that is still in it"
    )
  }

  static var returnsStack: Self {
    Self(
      "the function returns a pointer to its own stack",
      reason: "Its stack is gone when it has returned",
      suggestion: "Let the caller give the function the address of a variable of its own")
  }
}
