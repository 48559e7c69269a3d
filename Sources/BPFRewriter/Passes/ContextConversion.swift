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

  /// - Parameters:
  ///   - facts: what the verifier found out about each slot of the program.
  ///   - layout: the context of the program's type.
  public init(_ facts: [InstructionFacts], layout: ContextLayout) {
    self.facts = facts
    self.layout = layout
  }

  /// - Complexity: O(*n* + *m*), *n* the slots, *m* the bytes of the context.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    for slot in facts.indices {
      guard facts[slot].access == .context, !patcher.isRemoved(slot) else { continue }
      if fieldAt.isEmpty { indexFields() }
      patch.removeAll()
      convert(patcher.program.instruction(at: slot), &patch)
      try patcher.replace(slot, with: patch)
    }
  }

  private mutating func indexFields() {
    fieldAt = [UInt16](repeating: .max, count: layout.size)
    for (index, field) in layout.fields.enumerated() {
      for byte in field.offset..<field.offset + field.size { fieldAt[byte] = UInt16(index) }
    }
  }

  private func field(at offset: Int16) -> Int {
    guard fieldAt.indices.contains(Int(offset)), fieldAt[Int(offset)] != .max else {
      preconditionFailure("a verified program accesses fields of its context")
    }
    return Int(fieldAt[Int(offset)])
  }

  private func convert(_ instruction: Instruction, _ patch: inout Patch) {
    switch instruction {
    case .load(let size, let isSigned, let destination, let base, let offset):
      let field = field(at: offset)
      switch layout.fields[field].kind {
      case .scalar:
        patch.emit(
          .load(
            size, signExtended: isSigned, destination: destination, base: base,
            offset: storage(layout.fields[field], offset, size.byteCount)))
      case .packetStart, .packetEnd, .packetMetadataStart, .pointer:
        patch.emit(
          .load(
            .double, signExtended: false, destination: destination, base: base,
            offset: Int16(layout.fields[field].storage.offset)))
      }
    case .store(let size, let base, let offset, let source):
      store(source, size, base, offset, layout.fields[field(at: offset)], &patch)
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .atomic,
      .loadAcquire, .storeRelease, .loadWide, .loadPacket, .jump, .jumpLong, .jumpIndirect, .jumpIf,
      .mayGoto, .call, .exit:
      preconditionFailure("contexts are accessed by plain loads and stores")
    }
  }

  /// Where in the runtime structure an access of a number of bytes at an offset of the view goes.
  private func storage(_ field: ContextLayout.Field, _ offset: Int16, _ size: Int) -> Int16 {
    Int16(field.storageOffset(ofAccessAt: Int(offset), size: size))
  }

  private func store(
    _ source: Operand, _ size: MemorySize, _ base: Register, _ offset: Int16,
    _ field: ContextLayout.Field, _ patch: inout Patch
  ) {
    let place = storage(field, offset, size.byteCount)
    guard field.valueSize < size.byteCount, let kept = MemorySize(rawValue: UInt8(field.valueSize))
    else {
      return patch.emit(.store(size, base: base, offset: place, source: source))
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
