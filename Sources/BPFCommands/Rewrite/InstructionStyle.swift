import BPFISA
import BPFPlatform

/// How listings write the instructions of a program.
enum InstructionStyle {
  /// As text that can be assembled, with the slots that branches lead to.
  case assembly
  /// As the kernel's tools do, with the names of helpers, maps and functions.
  case kernel

  private static let assembler = Disassembler()
  private static let tools = Disassembler(style: TextStyle(dialect: .kernel))

  /// The text of the instruction at a slot of a program.
  ///
  /// - Complexity: O(log *f*), *f* the program's functions.
  func text(of instruction: Instruction, at slot: Int, in program: Program) -> String {
    switch self {
    case .assembly:
      var text = Self.assembler.text(of: instruction)
      if let target = instruction.target(at: slot) { text += " <\(target)>" }
      if let name = Self.mapName(in: instruction, of: program) {
        text += " // \(name.escapedForDisplay)"
      }
      return text
    case .kernel:
      return Self.tools.text(
        of: instruction,
        target: Self.calledFunction(instruction, at: slot, in: program)?.escapedForDisplay,
        name: Self.name(in: instruction, of: program)?.escapedForDisplay)
    }
  }

  private static func calledFunction(
    _ instruction: Instruction, at slot: Int, in program: Program
  ) -> String? {
    guard case .call(.local) = instruction, let target = instruction.target(at: slot) else {
      return nil
    }
    let functions = program.subprograms
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].start < target { low = middle + 1 } else { high = middle }
    }
    return low < functions.count && functions[low].start == target ? functions[low].name : nil
  }

  private static func name(in instruction: Instruction, of program: Program) -> String? {
    if case .call(.helper(let number)) = instruction {
      let helper = HelperID(rawValue: number)
      return helper.internalName ?? helper.name.map { "bpf_" + $0 }
    }
    return mapName(in: instruction, of: program).map { "name:" + $0 }
  }

  private static func mapName(in instruction: Instruction, of program: Program) -> String? {
    guard case .loadWide(_, let immediate) = instruction else { return nil }
    switch immediate {
    case .mapIndex(let index), .mapIndexValue(let index, offset: _):
      return program.mapNames.indices.contains(Int(index)) ? program.mapNames[Int(index)] : nil
    case .value, .map, .mapValue, .variable, .function: return nil
    }
  }
}
