/// A form of the instruction table, made ready for matching: a slot's 64 bits against masks.
struct FormMatcher: Sendable {
  /// The bits that select the operation, and what they must be.
  let selectorMask: UInt64
  let selectorBits: UInt64
  /// The bits that must be zero.
  let reservedMask: UInt64
  let operation: Operation
  /// Whether `r11` is meant where the selector has it in the place of a register.
  let readsStackArgument: Bool
  let writesStackArgument: Bool
  /// Whether the second slot's immediate must be zero (of a 16-byte load immediate).
  let secondImmediateIsReserved: Bool

  init(_ form: InstructionForm) {
    var selectorMask: UInt64 = 0
    var selectorBits: UInt64 = 0
    var reservedMask: UInt64 = 0
    for field in [SlotField.destination, .source, .offset, .immediate] {
      switch field.use(in: form) {
      case .unused: reservedMask |= field.mask
      case .selector(let value):
        selectorMask |= field.mask
        selectorBits |= UInt64(truncatingIfNeeded: value) << field.shift & field.mask
      case .stackArguments:
        selectorMask |= field.mask
        selectorBits |= UInt64(Register.r11.rawValue) << field.shift
      case .register, .operand, .any: break
      }
    }
    self.selectorMask = selectorMask
    self.selectorBits = selectorBits
    self.reservedMask = reservedMask
    operation = form.operation
    readsStackArgument = form.source == .stackArguments
    writesStackArgument = form.destination == .stackArguments
    secondImmediateIsReserved = form.secondImmediate == .unused
  }

  /// One for each of ``InstructionTable/forms``.
  static let all: [FormMatcher] = InstructionTable.forms.map(FormMatcher.init)

  /// For each opcode, the index of its first matcher; one past the last opcode, the number of matchers.
  private static let starts: [Int] = {
    var starts = Array(repeating: 0, count: 257)
    for form in InstructionTable.forms {
      starts[Int(form.opcode) + 1] += 1
    }
    for opcode in 1...256 {
      starts[opcode] += starts[opcode - 1]
    }
    return starts
  }()

  /// The indices of an opcode's forms.
  ///
  /// - Complexity: O(1).
  static func range(opcode: UInt8) -> Range<Int> {
    starts[Int(opcode)]..<starts[Int(opcode) + 1]
  }

  /// The index of the first form that a slot's selecting fields match.
  ///
  /// - Complexity: O(1): no opcode has more than 12 forms.
  static func index(of slot: RawInstruction) -> Int? {
    let matchers = all
    return range(opcode: slot.opcode).first { matchers[$0].matches(slot) }
  }

  /// The first form that a slot's selecting fields match.
  ///
  /// - Complexity: as ``index(of:)``.
  @inline(__always)
  static func first(matching slot: RawInstruction) -> FormMatcher? {
    let starts = starts
    var index = starts[Int(slot.opcode)]
    let end = starts[Int(slot.opcode) + 1]
    let matchers = all
    while index < end {
      if matchers[index].matches(slot) { return matchers[index] }
      index += 1
    }
    return nil
  }

  @inline(__always)
  private func matches(_ slot: RawInstruction) -> Bool { slot.bits & selectorMask == selectorBits }
}

/// A field of a slot beside the opcode, and where it lies in the slot's 64 bits.
enum SlotField {
  case destination, source, offset, immediate

  var shift: UInt64 {
    switch self {
    case .destination: 8
    case .source: 12
    case .offset: 16
    case .immediate: 32
    }
  }

  var mask: UInt64 {
    switch self {
    case .destination: 0xf00
    case .source: 0xf000
    case .offset: 0xffff_0000
    case .immediate: 0xffff_ffff_0000_0000
    }
  }

  /// The name of the field in an error.
  var name: DecodingError.Field {
    switch self {
    case .destination: .destination
    case .source: .source
    case .offset: .offset
    case .immediate: .immediate
    }
  }

  func use(in form: InstructionForm) -> FieldUse {
    switch self {
    case .destination: form.destination
    case .source: form.source
    case .offset: form.offset
    case .immediate: form.immediate
    }
  }

  func value(in slot: RawInstruction) -> Int64 {
    switch self {
    case .destination: Int64(slot.destination)
    case .source: Int64(slot.source)
    case .offset: Int64(slot.offset)
    case .immediate: Int64(slot.immediate)
    }
  }
}
