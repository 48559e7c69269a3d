/// Reads assembler text in the dialect of LLVM and the kernel.
///
/// Statements end at the end of a line or at `;`. Comments: `//` and `#` to the end of the line, `/* */`, and
/// lines that begin with `;`. Labels are names (`loop:`) or numbers (`1:`, used as `1b` and `1f`). What
/// ``Disassembler`` and `llvm-objdump -d` write is accepted too: slot numbers, byte columns (which must agree
/// with the text, and settle what LLVM's text leaves open), `<symbol+0x10>` after branches, symbol headers.
public struct Assembler: Hashable, Sendable {
  /// Numbers of helpers that may be called by name.
  public var helpers: [String: Int32]

  public init(helpers: [String: Int32] = [:]) {
    self.helpers = helpers
  }

  /// The slots a text assembles to.
  ///
  /// - Complexity: O(*n*), *n* the length of the text.
  /// - Throws: ``AssemblyError`` for the first line that makes no sense.
  public static func assemble(_ text: String) throws(AssemblyError) -> [RawInstruction] {
    try Assembler().assemble(utf8: Array(text.utf8)).slots
  }

  /// Assembles text given as bytes, which need not be valid UTF-8.
  ///
  /// - Complexity: O(*n*), *n* the number of bytes.
  /// - Throws: ``AssemblyError`` for the first line that makes no sense.
  public func assemble(utf8 text: [UInt8]) throws(AssemblyError) -> AssembledText {
    var parser = StatementParser(text, helpers: helpers)
    var assembly = Assembly()
    while let parsed = try parser.next() {
      switch parsed.statement {
      case .label(let name):
        try assembly.define(name, at: parsed.token)
      case .numericLabel(let number):
        assembly.define(number)
      case .instruction(let instruction, let label):
        try assembly.append(instruction, label: label, parsed, parser: parser)
      }
    }
    return try assembly.finish()
  }
}

/// What assembler text stands for.
public struct AssembledText: Hashable, Sendable {
  public let slots: [RawInstruction]
  /// The labels that are names, by rising slot.
  public let labels: [Subprogram]
  /// For each instruction its slot and its line, from 1.
  public let lines: [Line]

  /// The line of text that an instruction stands on.
  public struct Line: Hashable, Sendable {
    public let slot: Int
    public let line: Int
  }
}

/// The slots assembled so far, and what is known of labels.
private struct Assembly {
  /// A place that awaits the slot of a label.
  struct Fixup {
    let slot: Int
    let instruction: Instruction
    let name: String
    let token: AssemblyToken
    let bytes: (slots: [RawInstruction], text: String)?
    var target: Int?
  }

  private var slots: [RawInstruction] = []
  private var lines: [AssembledText.Line] = []
  private var labels: [String: (slot: Int, line: Int)] = [:]
  private var lastNumeric: [UInt64: Int] = [:]
  /// For each numeric label, the fixups that await its next definition.
  private var awaiting: [UInt64: [Int]] = [:]
  private var fixups: [Fixup] = []

  mutating func define(_ name: String, at token: AssemblyToken) throws(AssemblyError) {
    if let first = labels[name] {
      throw AssemblyError(
        line: token.line, column: token.column,
        reason: .duplicateLabel(name, firstLine: first.line))
    }
    labels[name] = (slots.count, token.line)
  }

  mutating func define(_ number: UInt64) {
    lastNumeric[number] = slots.count
    for index in awaiting.removeValue(forKey: number) ?? [] {
      fixups[index].target = slots.count
    }
  }

  mutating func append(
    _ instruction: Instruction, label: AssemblyLabel?, _ parsed: StatementParser.Parsed,
    parser: StatementParser
  ) throws(AssemblyError) {
    lines.append(AssembledText.Line(slot: slots.count, line: parsed.token.line))
    let slot = slots.count
    switch label {
    case .named(let name, let token):
      fixups.append(
        Fixup(slot: slot, instruction: instruction, name: name, token: token, bytes: parsed.bytes))
    case .numeric(let number, let isForward, let token):
      if isForward {
        awaiting[number, default: []].append(fixups.count)
      }
      fixups.append(
        Fixup(
          slot: slot, instruction: instruction, name: parser.string(token), token: token,
          bytes: parsed.bytes, target: isForward ? nil : lastNumeric[number]))
    case nil:
      break
    }
    let encoded = try Self.encode(instruction, at: parsed.token)
    if let bytes = parsed.bytes, label == nil {
      slots += try Self.reconcile(encoded, bytes: bytes, at: parsed.token)
    } else {
      slots += encoded.slots
    }
  }

  private static func encode(
    _ instruction: Instruction, at token: AssemblyToken
  ) throws(AssemblyError) -> EncodedInstruction {
    do {
      return try instruction.encoded
    } catch {
      throw AssemblyError(
        line: token.line, column: token.column, reason: .notEncodable(error.reason))
    }
  }

  /// The bytes of a listing's line, if they are those of the text or the text leaves open which they are.
  private static func reconcile(
    _ encoded: EncodedInstruction, bytes: (slots: [RawInstruction], text: String),
    at token: AssemblyToken
  ) throws(AssemblyError) -> [RawInstruction] {
    if encoded.slots == bytes.slots { return bytes.slots }
    let printer = Disassembler(style: TextStyle(dialect: .llvm))
    if let fromText = try? Instruction(decoding: encoded.slots, at: 0),
      let fromBytes = try? Instruction(decoding: bytes.slots, at: 0),
      fromBytes.slotCount == bytes.slots.count,
      printer.text(of: fromText) == printer.text(of: fromBytes)
    {
      return bytes.slots
    }
    let text = (try? Instruction(decoding: encoded.slots, at: 0)).map { printer.text(of: $0) }
    throw AssemblyError(
      line: token.line, column: token.column,
      reason: .bytesDisagree(bytes: bytes.text, text: text ?? ""))
  }

  /// Fills in the labels.
  mutating func finish() throws(AssemblyError) -> AssembledText {
    for fixup in fixups {
      guard let target = fixup.target ?? labels[fixup.name]?.slot else {
        throw AssemblyError(
          line: fixup.token.line, column: fixup.token.column, reason: .unknownLabel(fixup.name))
      }
      let displacement = target - fixup.slot - 1
      let instruction = try Self.patch(fixup, displacement: displacement)
      var encoded = try Self.encode(instruction, at: fixup.token).slots
      if let bytes = fixup.bytes {
        encoded = try Self.reconcile(
          Self.encode(instruction, at: fixup.token), bytes: bytes, at: fixup.token)
      }
      slots.replaceSubrange(fixup.slot..<fixup.slot + encoded.count, with: encoded)
    }
    let sorted = labels.sorted { ($0.value.slot, $0.key) < ($1.value.slot, $1.key) }
    return AssembledText(
      slots: slots, labels: sorted.map { Subprogram(name: $0.key, start: $0.value.slot) },
      lines: lines)
  }

  /// The fixup's instruction with its displacement.
  private static func patch(
    _ fixup: Fixup, displacement: Int
  ) throws(AssemblyError) -> Instruction {
    func tooFar(_ field: AssemblyError.NumericField) -> AssemblyError {
      AssemblyError(
        line: fixup.token.line, column: fixup.token.column,
        reason: .labelTooFar(fixup.name, displacement: displacement, field: field))
    }
    if let instruction = fixup.instruction.with(displacement: displacement) { return instruction }
    throw fixup.instruction.hasShortDisplacement ? tooFar(.offset) : tooFar(.longDisplacement)
  }
}
