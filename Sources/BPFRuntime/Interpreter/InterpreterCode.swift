import BPFISA
import BPFPlatform

/// A program as the interpreter runs it: bound to its live maps, which it keeps.
///
/// SAFETY: nothing checks what the instructions do. Whoever makes this vouches for the program: that a verifier proved it
/// safe with these maps, and that its context accesses are those of the runtime's structure.
///
/// Sendable because nothing of it changes after it is made.
@safe
final class InterpreterCode: @unchecked Sendable {
  let program: Program
  let type: ProgramType
  let maps: [Map]
  /// One instruction per slot, then one that ends the program with a fault.
  let instructions: UnsafeMutablePointer<BoundInstruction>
  /// The number of workers that every map has a slot for.
  let workerLimit: Int
  /// What the addresses of its instructions in call stacks begin at.
  let stackBase: UInt64

  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` for what verified and rewritten programs do not have.
  init(_ program: Program, type: ProgramType, maps: [Map]) throws(LoadError) {
    guard program.slots.count <= BoundInstruction.maximumSlots else {
      throw .unrunnable(program: program.name, slot: 0, .tooManySlots(program.slots.count))
    }
    self.program = program
    self.type = type
    self.maps = maps
    stackBase = StackAddress.base(of: program)
    workerLimit = maps.map(\.workers).min() ?? .max
    let start = UnsafeMutablePointer<BoundInstruction>.allocate(capacity: program.slots.count + 1)
    do throws(LoadError) {
      try unsafe BoundInstruction.Binding(program: program, type: type, maps: maps, start: start)
        .bind()
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
    unsafe next >= instructions && next <= instructions + program.slots.count
  }

  /// The slot of the instruction before one that the interpreter points at.
  @unsafe
  func slot(before next: UnsafeMutablePointer<BoundInstruction>) -> Int {
    unsafe next - instructions - 1
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
