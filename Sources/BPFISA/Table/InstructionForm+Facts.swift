/// The class in the low three bits of an opcode (RFC 9669 table 2).
@frozen
public enum InstructionClass: UInt8, CaseIterable, Hashable, Sendable {
  case load, loadRegister, storeImmediate, storeRegister, arithmetic32, jump, jump32, arithmetic64

  /// The name the RFC gives it.
  public var name: String {
    switch self {
    case .load: "LD"
    case .loadRegister: "LDX"
    case .storeImmediate: "ST"
    case .storeRegister: "STX"
    case .arithmetic32: "ALU"
    case .jump: "JMP"
    case .jump32: "JMP32"
    case .arithmetic64: "ALU64"
    }
  }
}

extension InstructionForm {
  /// The class of the opcode.
  public var instructionClass: InstructionClass {
    guard let instructionClass = InstructionClass(rawValue: opcode & 7) else {
      preconditionFailure("three bits name one of eight classes")
    }
    return instructionClass
  }

  /// The short name, without operands.
  public var mnemonic: String { operation.mnemonic }

  /// The conformance group, nil for what came after RFC 9669 and for what is internal.
  public var group: ConformanceGroup? { usesStackArguments ? nil : operation.group }

  /// When the form came.
  public var introduction: Introduction {
    usesStackArguments ? .linux("2026") : operation.introduction
  }

  /// Where execution goes.
  public var controlFlow: ControlFlowEffect { operation.controlFlow }

  /// What happens to memory.
  public var memory: MemoryEffect { operation.memory }

  /// Whether the base register is `r11`.
  var usesStackArguments: Bool {
    destination == .stackArguments || source == .stackArguments
  }

  /// The number of slots: 2 for a 16-byte load immediate, else 1.
  public var slotCount: Int { secondImmediate == nil ? 1 : 2 }

  /// Whether slots of the form are ever accepted from outside.
  public var isAccepted: Bool {
    if case .internalOnly = operation { false } else { true }
  }
}

extension InstructionTable {
  /// The form that a slot has, judged by the fields that select it; nil if there is none.
  ///
  /// - Complexity: O(1).
  public static func form(of slot: RawInstruction) -> InstructionForm? {
    FormMatcher.index(of: slot).map { forms[$0] }
  }
}
