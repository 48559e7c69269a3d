public import BPFISA
public import BPFPlatform

/// Writes a program instruction by instruction, for tests that make many of a kind.
public struct ProgramBuilder {
  public let name: String
  public private(set) var maps: [MapSpec] = []
  private var instructions: [Instruction] = []
  private var slotCount = 0
  /// Where each label is, and the jumps that wait for it.
  private var labels: [String: Int] = [:]
  private var jumps: [(slot: Int, label: String)] = []

  public init(_ name: String) { self.name = name }

  public mutating func emit(_ instruction: Instruction) {
    instructions.append(instruction)
    slotCount += instruction.slotCount
  }

  public mutating func move(_ destination: Register, _ value: Int32) {
    emit(.arithmetic(.move, .bits64, destination: destination, source: .immediate(value)))
  }

  public mutating func move(_ destination: Register, _ source: Register) {
    emit(.arithmetic(.move, .bits64, destination: destination, source: .register(source)))
  }

  /// Loads all 64 bits of a constant.
  public mutating func moveWide(_ destination: Register, _ value: UInt64) {
    emit(.loadWide(destination: destination, .value(value)))
  }

  public mutating func apply(
    _ operation: ArithmeticOperation, _ destination: Register, _ operand: Operand,
    width: ArithmeticWidth = .bits64
  ) {
    emit(.arithmetic(operation, width, destination: destination, source: operand))
  }

  public mutating func load(
    _ destination: Register, _ size: MemorySize, _ base: Register, _ offset: Int16,
    signExtended: Bool = false
  ) {
    emit(
      .load(
        size, signExtended: signExtended, destination: destination, base: base, offset: offset))
  }

  public mutating func store(
    _ size: MemorySize, _ base: Register, _ offset: Int16, _ source: Operand
  ) {
    emit(.store(size, base: base, offset: offset, source: source))
  }

  /// Loads the address of a map.
  public mutating func load(_ destination: Register, map: MapSpec) {
    emit(.loadWide(destination: destination, .mapIndex(index(of: map))))
  }

  /// Loads the address of a byte of an array map's first value.
  public mutating func load(_ destination: Register, valueOf map: MapSpec, offset: Int32 = 0) {
    emit(.loadWide(destination: destination, .mapIndexValue(index(of: map), offset: offset)))
  }

  public mutating func call(_ helper: HelperID) { emit(.call(.helper(helper.rawValue))) }

  public mutating func exit() { emit(.exit) }

  /// Stores bytes on the stack, from `offset` below the frame pointer upwards.
  public mutating func storeBytes(_ bytes: [UInt8], at offset: Int16) {
    for (index, byte) in bytes.enumerated() {
      store(.byte, .r10, offset + Int16(index), .immediate(Int32(byte)))
    }
  }

  public mutating func jump(
    if condition: Condition, _ left: Register, _ right: Operand, to label: String
  ) {
    jumps.append((slotCount, label))
    emit(.jumpIf(condition, .bits64, left, right, offset: 0))
  }

  public mutating func jump(to label: String) {
    jumps.append((slotCount, label))
    emit(.jump(offset: 0))
  }

  public mutating func label(_ name: String) { labels[name] = slotCount }

  private mutating func index(of map: MapSpec) -> Int32 {
    if let index = maps.firstIndex(where: { $0.name == map.name }) { return Int32(index) }
    maps.append(map)
    return Int32(maps.count - 1)
  }

  /// The finished program.
  public func program() throws -> Program {
    var slots: [RawInstruction] = []
    for instruction in instructions { slots += try instruction.encoded.slots }
    for jump in jumps {
      guard let target = labels[jump.label] else { throw MissingLabel(name: jump.label) }
      slots[jump.slot].offset = Int16(target - jump.slot - 1)
    }
    return try Program(name: name, slots: slots, mapNames: maps.map(\.name))
  }

  /// The finished program, with what it takes to run it in the kernel.
  public func compared(as type: ProgramType, attachType: UInt32 = 0) throws -> ComparedProgram {
    try ComparedProgram(program(), type: type, attachType: attachType, maps: maps)
  }

  /// A jump to a label that is nowhere.
  public struct MissingLabel: Error {
    public let name: String
  }
}
