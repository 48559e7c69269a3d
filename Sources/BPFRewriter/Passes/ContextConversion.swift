import BPFISA
public import BPFPlatform
public import BPFVerifier

/// Makes accesses to fields of the context, as programs see it, accesses to the runtime structure that keeps them
/// (kernel: `convert_ctx_accesses`).
///
/// - A number is where its field's storage is. Of one that holds less than its field, a read finds the value in the lowest
///   bytes, and a write keeps as much as it holds.
/// - A packet's bounds, 32 bits in the program's view, are addresses of 64 bits.
public struct ContextConversion: Pass {
  public static let name = "context"

  private let facts: [InstructionFacts]
  private let layout: ContextLayout
  /// For each byte of the program's view, the field that holds it.
  private var fieldAt: [UInt16] = []
  private var fields: [Field] = []

  /// What has to be known of a field, without its name, which would be counted at each access.
  private struct Field {
    let offset: Int
    let valueSize: Int
    let storageOffset: Int
    let isShort: Bool
    let isScalar: Bool
    let ignoresLargeValues: Bool

    init(_ field: ContextLayout.Field) {
      offset = field.offset
      valueSize = field.valueSize
      storageOffset = field.storage.offset
      isShort = field.valueSize < field.elementSize
      isScalar = field.kind == .scalar
      ignoresLargeValues = field.ignoresLargeValues
    }

    /// Where in the runtime structure an access of a number of bytes at an offset of the view goes.
    @inline(__always)
    func storage(_ offset: Int16, _ size: Int) -> Int16 {
      Int16(
        ContextLayout.storageOffset(
          ofAccessAt: Int(offset), size: size, fieldOffset: self.offset, isShort: isShort,
          valueSize: valueSize) + storageOffset - self.offset)
    }
  }

  /// - Parameters:
  ///   - facts: what the verifier found out about each slot of the program.
  ///   - layout: the context of the program's type.
  public init(_ facts: [InstructionFacts], layout: ContextLayout) {
    self.facts = facts
    self.layout = layout
  }

  /// - Complexity: O(*n* + *m*), *n* the slots, *m* the bytes of the context.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    let slots = patcher.program.slots
    for slot in facts.indices {
      guard facts[slot].access == .context, !patcher.isRemoved(slot) else { continue }
      if fieldAt.isEmpty { indexFields() }
      try convert(slots[slot], at: slot, &patcher)
    }
  }

  private mutating func indexFields() {
    fieldAt = [UInt16](repeating: .max, count: layout.size)
    for (index, field) in layout.fields.enumerated() {
      fields.append(Field(field))
      for byte in field.offset..<field.offset + field.size { fieldAt[byte] = UInt16(index) }
    }
  }

  @inline(__always)
  private func field(at offset: Int16) -> Field {
    guard fieldAt.indices.contains(Int(offset)), fieldAt[Int(offset)] != .max else {
      preconditionFailure("a verified program accesses fields of its context")
    }
    return fields[Int(fieldAt[Int(offset)])]
  }

  /// Most accesses stay one instruction, and are not decoded: the benchmark `rewrite` asked for that.
  @inline(__always)
  private func convert(
    _ instruction: RawInstruction, at slot: Int, _ patcher: inout ProgramPatcher
  ) throws(PatchError) {
    let field = field(at: instruction.offset)
    guard let size = instruction.accessSize else {
      preconditionFailure("contexts are accessed by plain loads and stores")
    }
    var converted = instruction
    if instruction.isLoad, !field.isScalar {
      converted.opcode = RawInstruction.loadOfDouble
      converted.offset = Int16(field.storageOffset)
    } else if instruction.isLoad || field.valueSize >= size {
      converted.offset = field.storage(instruction.offset, size)
    } else {
      return try convertStore(slot, field, &patcher)
    }
    try patcher.replace(slot, with: converted)
  }

  @inline(never)
  private func convertStore(
    _ slot: Int, _ field: Field, _ patcher: inout ProgramPatcher
  ) throws(PatchError) {
    guard
      case .store(let size, let base, let offset, let source) = patcher.program.instruction(
        at: slot)
    else { preconditionFailure("a store was found here") }
    var patch = Patch()
    store(source, size, base, offset, field, &patch)
    try patcher.replace(slot, with: patch)
  }

  private func store(
    _ source: Operand, _ size: MemorySize, _ base: Register, _ offset: Int16,
    _ field: Field, _ patch: inout Patch
  ) {
    let place = field.storage(offset, size.byteCount)
    guard let kept = MemorySize(rawValue: UInt8(field.valueSize)) else {
      preconditionFailure("what a field holds is of a size that can be stored")
    }
    // The bytes of the field beyond its value are 0 and stay so.
    if field.ignoresLargeValues {
      let largest = Int32(truncatingIfNeeded: (1 << (8 * field.valueSize)) - 1)
      switch source {
      case .register(let register):
        patch.emit(
          .jumpIf(.greaterOrEqual, .bits32, register, .immediate(largest), offset: 0), to: .end)
      case .immediate(let value):
        if UInt32(bitPattern: value) >= UInt32(bitPattern: largest) { return }
      }
    }
    switch source {
    case .register: patch.emit(.store(kept, base: base, offset: place, source: source))
    case .immediate(let value):
      let largest = Int32(truncatingIfNeeded: (1 << (8 * field.valueSize)) - 1)
      patch.emit(.store(kept, base: base, offset: place, source: .immediate(value & largest)))
    }
  }
}

extension RawInstruction {
  /// The opcode of a load of 8 bytes.
  fileprivate static var loadOfDouble: UInt8 { 0x79 }

  /// Whether it loads from memory (class 1).
  @inline(__always) fileprivate var isLoad: Bool { opcode & 0x07 == 0x01 }

  /// The bytes that a plain load or store accesses; nil for what is neither.
  @inline(__always) fileprivate var accessSize: Int? {
    // Classes 1 to 3; the mode is "memory", or "sign-extended memory" of loads.
    guard 1...3 ~= opcode & 0x07, opcode & 0xe0 == 0x60 || isLoad && opcode & 0xe0 == 0x80 else {
      return nil
    }
    return switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    case _: 8
    }
  }
}
