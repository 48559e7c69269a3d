import BPFISA
import BPFPlatform

// Problems of calls, and of what they return.
extension Rejection.Explanation {
  static func noSuchHelper(_ helper: HelperID) -> Self {
    Self(
      "\(helper.displayName) is called, and there is no helper of this number",
      reason: "Linux 6.18 and earlier have given it to no helper",
      suggestion:
        "Correct the number; a function of the program is called by another form of the instruction"
    )
  }

  static func helperNotAllowed(_ helper: HelperID, _ type: ProgramType) -> Self {
    Self(
      "\(helper.displayName) is called in a program of type \(type.name)",
      reason: "Programs of this type are not offered the helper",
      suggestion:
        "Say what the program is (--type) if that is not its type, or use a helper that the type has (Documentation/Helpers.md)"
    )
  }

  static func helperNeedsGPL(_ helper: HelperID) -> Self {
    Self(
      "\(helper.displayName) is called, and the program's licence is not compatible with the GPL",
      reason:
        "The kernel offers the helper to programs under the GPL or a licence compatible with it",
      suggestion:
        "Declare the licence in the object (char license[] SEC(\"license\") = \"GPL\";) if it is one, or leave out the call"
    )
  }

  static func helperMaySleep(_ helper: HelperID) -> Self {
    Self(
      "\(helper.displayName) is called, which may sleep",
      reason: "Programs of this type run where nothing may sleep",
      suggestion: "Use the helper's form that does not sleep, or a sleepable program type")
  }

  static func argument(
    _ register: Register, _ expected: Rejection.Expectation, _ found: ValueSummary, _ call: String
  ) -> Self {
    Self(
      "\(register.name), argument \(register.rawValue) of \(call), is \(found); expected \(expected.rawValue)",
      reason: call.hasPrefix("'")
        ? "The global function is verified once, for all arguments that its prototype allows and no others"
        : "The helper works on its arguments without checks of its own",
      suggestion: expected.suggestion(for: register))
  }

  static func sizeNegative(_ register: Register, _ minimum: Int64, _ call: String) -> Self {
    Self(
      "\(register.name), a size that \(call) takes, may be negative: as little as \(minimum)",
      reason: "As an unsigned number it would be far more than the memory has",
      suggestion:
        "Use an unsigned type, and compare the size with its maximum before the call (if (size > MAXIMUM) return …) or mask it"
    )
  }

  static func sizeZero(_ register: Register, _ call: String) -> Self {
    Self(
      "\(register.name), a size that \(call) takes, may be 0",
      reason: "The helper takes at least one byte",
      suggestion: "Leave out the call where there is nothing to pass (if (size == 0) return …)")
  }

  static func sizeUnbounded(_ register: Register, _ maximum: UInt64, _ call: String) -> Self {
    Self(
      "\(register.name), a size that \(call) takes, has no bound: it may be as much as \(maximum)",
      reason: "The memory it is about has a known size",
      suggestion:
        "Compare it with the size of the memory before the call, in the same variable, or mask it (size &= 0xff)"
    )
  }

  static func mapKindNotAccepted(_ helper: HelperID, _ map: String, _ kind: MapKind) -> Self {
    Self(
      "\(helper.displayName) is called on \(map), which is of kind \(kind.name)",
      reason: "The helper works on other kinds of map",
      suggestion:
        "Use the helper made for the kind, or declare the map as another kind (Documentation/MapKinds.md)"
    )
  }

  static func prototype(_ defect: Rejection.PrototypeDefect, _ function: String) -> Self {
    let problem =
      switch defect {
      case .result: "the global function \(function) returns something else than a number"
      case .tooManyParameters(let count):
        "the global function \(function) has \(count) parameters; there are registers for 5"
      case .type(let parameter):
        "parameter \(parameter) of the global function \(function) is neither number nor pointer"
      case .unknownSize(let parameter):
        "parameter \(parameter) of the global function \(function) points to something of no known size"
      case .tags(let parameter):
        "parameter \(parameter) of the global function \(function) has tags that are not known or do not fit"
      case .contextType(let parameter):
        "parameter \(parameter) of the global function \(function) is tagged as the context and points to something else"
      }
    return Self(
      problem,
      reason:
        "A global function is verified once, for all arguments of its prototype, which has to say what they are",
      suggestion:
        "Make the function static, so that it is verified with each call, or declare numbers, the context, and pointers to types of a known size; return an int"
    )
  }

  static var globalCallback: Self {
    Self(
      "the address of a global function is taken",
      reason:
        "A global function is verified for the arguments of its prototype, not for those that a helper gives",
      suggestion: "Make the callback static")
  }

  static func tooManyFrames(_ limit: Int) -> Self {
    Self(
      "calls nest deeper than \(limit) functions",
      reason: "Each has a stack of its own, and there are \(limit)",
      suggestion:
        "Let the compiler inline some of the functions (always_inline), or use a loop or a tail call"
    )
  }

  static func stackTooDeep(_ bytes: Int, _ frames: Int) -> Self {
    Self(
      "the functions called within each other take \(bytes) bytes of stack together",
      reason:
        "There are \(VerifierLimits.stackBytes) bytes for all functions that run at one time; each takes a multiple of 16",
      suggestion:
        "Move large variables into a per-CPU array of one entry, or make the functions on the deepest way smaller"
    )
  }

  static var recursion: Self {
    Self(
      "the function calls itself, at once or through others",
      reason: "How deep it goes would not be known, and the stack is limited",
      suggestion: "Use a loop, bpf_loop, or a tail call")
  }

  static var tailCallInCallback: Self {
    Self(
      "a tail call is made in a callback",
      reason: "The helper that runs the callback waits for it to return",
      suggestion: "Remember in a variable what to call, and make the tail call after the helper")
  }

  static func callbackReturn(_ expected: ClosedRange<Int64>) -> Self {
    Self(
      "the callback returns something else than \(numbers(expected))",
      reason: "What it returns tells the helper whether to go on",
      suggestion: "Return a constant on every path: 0 to go on"
        + (expected.upperBound > 0 ? ", 1 to stop" : ""))
  }

  static func returnValue(_ found: ClosedRange<Int64>, _ expected: ClosedRange<Int64>) -> Self {
    Self(
      "the program returns \(found.lowerBound == .min && found.upperBound == .max ? "any number" : numbers(found)); expected \(numbers(expected))",
      reason: "Programs of this type answer with one of these numbers",
      suggestion:
        "Return constants, or check the number before it is returned; look for a 32-bit value whose upper half is not known"
    )
  }

  private static func numbers(_ range: ClosedRange<Int64>) -> String {
    range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }
}

extension Rejection.Expectation {
  fileprivate func suggestion(for register: Register) -> String {
    let name = register.name
    switch self {
    case .stackOrNull: return "Pass the address of a variable on the stack, or 0"
    case .context:
      return
        "Keep the context the program got in r6 to r9, in C in its parameter, and pass it unchanged"
    case .dynptr: return "Make the dynptr first (bpf_dynptr_from_mem, bpf_ringbuf_reserve_dynptr)"
    case .constantString:
      return "Pass a string constant (static const char format[] = \"…\";), which lies in .rodata"
    case .socket: return "Pass the socket that a lookup gave, after comparing it with null"
    case .size: return "Pass the number of bytes"
    case .map: return "Pass the address of the map (&map)"
    case .function: return "Pass the address of a static function of the program"
    case .recordDynptr: return "Pass a dynptr that bpf_ringbuf_reserve_dynptr made"
    case .constant: return "Pass a constant; for a size that varies, reserve the most there can be"
    case .mapValue: return "Pass the address of a map's value, as a lookup gives it"
    case .memory:
      return
        "Pass the address of a variable on the stack or of other memory of the program; if \(name) was one, look for what ended it: a release, or a helper that changes the packet"
    case .record: return "Pass what bpf_ringbuf_reserve returned, unchanged, and once"
    case .spinLock: return "Pass the address of the lock in a value that a lookup gave"
    case .timer: return "Pass the address of the timer in a value that a lookup gave"
    case .dynptrOnStack:
      return "Pass the address of a struct bpf_dynptr that is a variable of the function"
    case .number: return "Pass a number; for an address declare the parameter as a pointer"
    case .fixedMemory:
      return
        "Copy the bytes to a variable on the stack and pass its address, or make the function static"
    case .writableDynptr:
      return "Use a dynptr of memory that may be written (bpf_dynptr_from_mem, a record's)"
    }
  }
}
