import BPFISA
import BPFPlatform
import BPFRewriter
import BPFVerifier

/// A program as the interpreter runs it: bound to its live maps, which it keeps.
///
/// SAFETY: nothing checks what the instructions do. Whoever makes this vouches for the program: that a verifier proved it
/// safe with these maps, and that its context accesses are those of the runtime's structure.
///
/// Sendable because nothing of it changes after it is made.
@safe
final class InterpreterCode: @unchecked Sendable {
  /// The program as its author knows it, which faults and call stacks speak of.
  let source: Program
  /// Where the instructions of each slot came from in ``source``; empty where they are its own.
  private let origins: [InstructionOrigin]
  let type: ProgramType
  let maps: [Map]
  /// The context that the frames have that it runs in.
  let layout: ContextLayout?
  /// One instruction per slot, then one that ends the program with a fault.
  let instructions: UnsafeMutablePointer<BoundInstruction>
  private let slotCount: Int
  /// The host's helpers that instructions refer to.
  private let helpers: [BoundHelper]
  /// The number of workers that every map has a slot for.
  let workerLimit: Int
  /// What the addresses of its instructions in call stacks begin at.
  let stackBase: UInt64

  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` for what verified and rewritten programs do not have.
  convenience init(
    _ rewritten: RewrittenProgram, maps: [Map], layout: ContextLayout?, helpers: HostHelpers
  ) throws(LoadError) {
    try self.init(
      rewritten.program, from: rewritten.verified.program, rewritten.origins,
      type: rewritten.type, maps: maps, layout: layout, helpers: helpers)
  }

  /// - Parameters:
  ///   - source: what the program was made from, if it is not its own source.
  ///   - origins: where each slot came from in `source`.
  init(
    _ program: Program, from source: Program? = nil, _ origins: [InstructionOrigin] = [],
    type: ProgramType, maps: [Map], layout: ContextLayout?, helpers: HostHelpers = HostHelpers()
  ) throws(LoadError) {
    guard program.slots.count <= BoundInstruction.maximumSlots else {
      throw .unrunnable(program: program.name, slot: 0, .tooManySlots(program.slots.count))
    }
    self.source = source ?? program
    self.origins = origins
    self.type = type
    self.maps = maps
    self.layout = layout
    slotCount = program.slots.count
    stackBase = StackAddress.base(of: self.source)
    workerLimit = maps.map(\.workers).min() ?? .max
    let start = UnsafeMutablePointer<BoundInstruction>.allocate(capacity: program.slots.count + 1)
    do throws(LoadError) {
      var binding = unsafe BoundInstruction.Binding(
        program: program, type: type, maps: maps, hostHelpers: helpers, start: start)
      try binding.bind()
      // SAFETY: the slots are bound; the one past them stays for itself.
      unsafe BoundInstruction.fuse(
        UnsafeMutableBufferPointer(start: start, count: program.slots.count))
      self.helpers = binding.helpers
    } catch {
      unsafe start.deallocate()
      throw error
    }
    unsafe instructions = start
  }

  deinit { unsafe instructions.deallocate() }

  /// Whether a pointer into instructions is one into these, or to the one past the last.
  @unsafe
  func contains(_ next: UnsafeMutablePointer<BoundInstruction>) -> Bool {
    unsafe next >= instructions && next <= instructions + slotCount
  }

  /// The slot in ``source`` of the instruction before one that the interpreter points at.
  @unsafe
  func sourceSlot(before next: UnsafeMutablePointer<BoundInstruction>) -> Int {
    sourceSlot(of: unsafe next - instructions - 1)
  }

  /// The slot in ``source`` that an instruction of a slot came from.
  func sourceSlot(of slot: Int) -> Int {
    origins.indices.contains(slot) ? origins[slot].original : slot
  }

  /// The fault of the instruction at a slot of ``source``, with what is known of its place.
  func fault(_ kind: Fault.Kind, at slot: Int) -> Fault {
    let isInstruction = source.slots.indices.contains(slot)
    return Fault(
      kind: kind, program: source.name, slot: slot,
      instruction: isInstruction ? source.instruction(at: slot) : nil,
      line: isInstruction ? source.line(at: slot) : nil)
  }
}

/// A helper of the host's that an instruction refers to by its address.
final class BoundHelper: Sendable {
  let helper: HostHelper

  init(_ helper: HostHelper) { self.helper = helper }
}
