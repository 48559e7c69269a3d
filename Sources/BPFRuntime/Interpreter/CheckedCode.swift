import BPFISA
import BPFPlatform

/// A program as the checked interpreter runs it, with the maps it refers to.
///
/// Sendable because nothing of it changes after it is made.
@safe
final class CheckedCode: @unchecked Sendable {
  let program: Program
  let type: ProgramType
  let maps: [Map]
  /// One decoded instruction per slot, then one that ends the program with a fault.
  let instructions: UnsafeMutablePointer<DecodedInstruction>
  let context: ContextAccessTable?
  let helpers: HostHelpers
  /// The number of workers that every map has a slot for.
  let workerLimit: Int
  /// What the addresses of its instructions in call stacks begin at.
  let stackBase: UInt64
  /// The calls of the host's helpers, by number from ``HelperID/firstOfHost`` on.
  private let hostCalls: UnsafeMutableBufferPointer<CheckedCall>
  /// Whether it is known before a run that every register is written before it is read.
  let readsOnlyWhatItWrote: Bool

  init(
    _ program: Program, type: ProgramType, maps: [Map], layout: ContextLayout?,
    helpers: HostHelpers = HostHelpers()
  ) {
    // SAFETY: allocated for as many numbers as there are, and freed with this; never written again.
    let prototypes = helpers.prototypes
    let first = HelperID.firstOfHost.rawValue
    unsafe hostCalls = .allocate(
      capacity: prototypes.last.map { Int($0.id.rawValue - first) + 1 } ?? 0)
    unsafe hostCalls.initialize(repeating: CheckedCall())
    for prototype in prototypes {
      unsafe hostCalls[Int(prototype.id.rawValue - first)] = CheckedCall(ofHost: prototype)
    }
    self.helpers = helpers
    self.program = program
    self.type = type
    self.maps = maps
    stackBase = StackAddress.base(of: program)
    context = layout.map(ContextAccessTable.init)
    workerLimit = maps.map(\.workers).min() ?? .max
    var functions: Set<Int> = []
    var decoded = DecodedInstruction.decode(program) { immediate, slot in
      switch immediate {
      case .value(let value): value
      case .mapIndex(let index):
        maps.indices.contains(Int(index))
          ? GuestAddress.make(region: CheckedMachine.RegionNumber.map(Int(index)), offset: 0) : nil
      case .mapIndexValue(let index, let offset):
        maps.indices.contains(Int(index))
          ? GuestAddress.make(region: CheckedMachine.RegionNumber.values(Int(index)), offset: 0)
            &+ UInt64(bitPattern: Int64(offset)) : nil
      case .function(let displacement):
        GuestAddress.make(
          region: CheckedMachine.RegionNumber.function,
          offset: Self.note(slot + 1 + Int(displacement), in: &functions, of: program))
      case .map, .mapValue, .variable: nil
      }
    }
    decoded.append(DecodedInstruction(opcode: .endOfProgram))
    // A branch that leaves the program faults when it is taken; finding it here keeps the loop free of checks.
    for slot in program.slots.indices {
      guard let displacement = decoded[slot].displacement else { continue }
      if !decoded.indices.contains(slot + 1 + displacement) {
        decoded[slot].opcode = .strayBranch
      }
    }
    readsOnlyWhatItWrote = InitializationAnalysis.proves(
      decoded, of: type, entry: layout == nil ? 0b100_0000_0110 : 0b100_0000_0010,
      callbacks: functions)
    // SAFETY: allocated for exactly the decoded instructions and freed with them; never written again.
    unsafe instructions = .allocate(capacity: decoded.count)
    unsafe instructions.initialize(from: decoded, count: decoded.count)
  }

  deinit {
    unsafe instructions.deallocate()
    unsafe hostCalls.deallocate()
  }

  /// The call of a host's helper by its number, or nil.
  @unsafe
  func hostCall(_ number: Int32) -> UnsafePointer<CheckedCall>? {
    let index = Int(number) - Int(HelperID.firstOfHost.rawValue)
    guard unsafe hostCalls.indices.contains(index), let base = unsafe hostCalls.baseAddress,
      unsafe base[index].exists
    else { return nil }
    return unsafe UnsafePointer(base + index)
  }

  /// Notes that a program uses the address of a function, and gives the offset that stands for it.
  private static func note(_ slot: Int, in functions: inout Set<Int>, of program: Program) -> UInt64
  {
    if program.slots.indices.contains(slot) { functions.insert(slot) }
    return UInt64(bitPattern: Int64(slot)) & GuestAddress.offsetMask
  }

  /// The fault of an instruction, with what is known of its place.
  func fault(_ kind: Fault.Kind, at slot: Int) -> Fault {
    let isInstruction =
      unsafe program.slots.indices.contains(slot) && instructions[slot].opcode != .secondSlot
    return Fault(
      kind: kind, program: program.name, slot: slot,
      instruction: isInstruction ? program.instruction(at: slot) : nil,
      line: program.slots.indices.contains(slot) ? program.line(at: slot) : nil)
  }
}

extension CheckedCode {
  /// The slot of the instruction before one that the interpreter points at.
  func slot(before next: UnsafeMutablePointer<DecodedInstruction>) -> Int {
    unsafe next - instructions - 1
  }

  /// The instruction at a slot, as text.
  func text(at slot: Int) -> String { Disassembler().text(of: program.instruction(at: slot)) }
}

/// A context layout, indexed by the byte, in a form that a look-up need not copy names from.
struct ContextAccessTable: Sendable {
  let layout: ContextLayout
  /// For each byte of the program's view, the field that holds it, or -1.
  private let fieldAt: [Int16]
  private let places: [Place]

  /// What an access to a field leads to.
  struct Place: Sendable {
    enum Content: Sendable {
      case scalar, packetStart, packetEnd, packetMetadataStart, pointer
    }

    let content: Content
    /// What to add to an offset in the program's view for the offset in the runtime structure.
    private let storageDistance: Int
    /// As in ``ContextLayout/Field``.
    let valueSize: Int
    let ignoresLargeValues: Bool
    fileprivate let offset: Int
    fileprivate let size: Int
    fileprivate let elementSize: Int
    fileprivate let access: ContextLayout.Access

    fileprivate init(_ field: ContextLayout.Field) {
      content =
        switch field.kind {
        case .scalar: .scalar
        case .packetStart: .packetStart
        case .packetEnd: .packetEnd
        case .packetMetadataStart: .packetMetadataStart
        case .pointer: .pointer
        }
      storageDistance = field.storage.offset - field.offset
      valueSize = field.valueSize
      ignoresLargeValues = field.ignoresLargeValues
      offset = field.offset
      size = field.size
      elementSize = field.elementSize
      access = field.access
    }

    /// Whether a write may leave more than the field holds.
    var isShort: Bool { valueSize < elementSize }

    /// Where in the runtime structure a read of a size at an offset of the view finds its bytes, or a write puts them.
    func storageOffset(of offset: Int, size: Int) -> Int {
      ContextLayout.storageOffset(
        ofAccessAt: offset, size: size, fieldOffset: self.offset, isShort: isShort,
        valueSize: valueSize) + storageDistance
    }
  }

  init(_ layout: ContextLayout) {
    self.layout = layout
    places = layout.fields.map(Place.init)
    var fieldAt = [Int16](repeating: -1, count: layout.size)
    for (index, field) in layout.fields.enumerated() {
      for byte in field.offset..<field.offset + field.size { fieldAt[byte] = Int16(index) }
    }
    self.fieldAt = fieldAt
  }

  /// Where an access leads that the layout allows, or nil.
  func place(offset: Int, size: Int, isWrite: Bool) -> Place? {
    guard offset >= 0, offset < fieldAt.count, fieldAt[offset] >= 0 else { return nil }
    let place = places[Int(fieldAt[offset])]
    let isAllowed = ContextLayout.permits(
      access: place.access, fieldOffset: place.offset, fieldSize: place.size,
      elementSize: place.elementSize, offset: offset, size: size, isWrite: isWrite)
    return isAllowed ? place : nil
  }
}
