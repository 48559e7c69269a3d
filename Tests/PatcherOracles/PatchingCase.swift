public import BPFISA
public import BPFRewriter

/// A program and what is done to it, in a form that stays whole when parts are taken out: instructions are named by their
/// number, not by their slot.
///
/// An address is the number of an instruction; one at least as large as the number of instructions lies so far outside the
/// program, and the complement (`~`) of an instruction's number is the slot after its first.
public struct PatchingCase: Sendable {
  public struct Line: Sendable {
    public var instruction: Instruction
    /// The address it leads to; nil for an instruction without a displacement.
    public var target: Int?

    public init(instruction: Instruction, target: Int?) {
      self.instruction = instruction
      self.target = target
    }
  }

  public struct PatchLine: Sendable {
    public var instruction: Instruction
    public var target: PatchTarget?
    public var fact: FactID?

    public init(instruction: Instruction, target: PatchTarget?, fact: FactID?) {
      self.instruction = instruction
      self.target = target
      self.fact = fact
    }
  }

  public enum PatchTarget: Sendable {
    /// A line of the patch; the number of its lines is a label at its end.
    case line(Int)
    case end
    case original(Int)
    /// Where the branch leads that the walk has come to, if it is one; otherwise the end.
    case here
  }

  public enum Edit: Sendable {
    case replace(Int, [PatchLine])
    case insert([PatchLine], before: Int, ProgramPatcher.Entry)
    case remove(Int)
  }

  /// What is done at an instruction the walk comes to.
  public enum Step: Sendable {
    case replace([PatchLine])
    case insert([PatchLine], ProgramPatcher.Entry)
    case remove
    /// An edit by slot in between.
    case edit(Edit)
  }

  public enum Pass: Sendable {
    case edits([Edit])
    /// Steps, each at the so-many-th instruction walked over.
    case walk([(at: Int, step: Step)])
  }

  public var instructions: [Line] = []
  /// The instruction that begins each subprogram but the first.
  public var subprograms: [Int] = []
  /// The instructions that source lines begin at, by rising number.
  public var lines: [Int] = []
  public var jumpTables: [[Int]] = []
  /// What is known of each instruction; nil for a program of which nothing is known.
  public var hasFacts = false
  public var passes: [Pass] = []

  public init() {}

  // MARK: As slots

  /// The program and its first slots.
  public struct Assembled {
    public let program: Program
    /// The first slot of each instruction, then the number of slots.
    public let starts: [Int]
    public let facts: [FactID]

    /// The slot an address names.
    public func slot(_ address: Int) -> Int {
      if address < 0 { return starts[min(~address, starts.count - 1)] + 1 }
      let count = starts.count - 1
      return address <= count ? starts[address] : starts[count] + address - count
    }

    func patch(_ lines: [PatchLine]) -> ScriptedPatch {
      ScriptedPatch(
        lines.map { line in
          let target: ScriptedPatch.Target? =
            switch line.target {
            case nil: nil
            case .end: .end
            case .here: .here
            case .line(let index): .line(min(index, lines.count))
            case .original(let address): .original(slot(address))
            }
          return ScriptedPatch.Line(line.instruction, to: target, fact: line.fact)
        })
    }
  }

  public func assembled() -> Assembled {
    var starts = [0]
    for line in instructions {
      starts.append(starts[starts.count - 1] + line.instruction.slotCount)
    }
    let empty = Program(emptyNamed: "main")
    let positions = Assembled(program: empty, starts: starts, facts: [])
    var slots: [RawInstruction] = []
    var facts: [FactID] = []
    for (index, line) in instructions.enumerated() {
      var instruction = line.instruction
      if let target = line.target {
        instruction =
          instruction.with(displacement: positions.slot(target) - starts[index] - 1) ?? instruction
      }
      slots += Self.encode(instruction)
      // Each seventh has none, to see that nothing is made up.
      facts.append(index % 7 == 3 ? .none : FactID(rawValue: UInt32(index)))
      if instruction.slotCount == 2 { facts.append(.none) }
    }
    do {
      let program = try Program(
        name: "main", slots: slots,
        subprograms: [Subprogram(name: "main", start: 0)]
          + subprograms.map { Subprogram(name: "sub\($0)", start: starts[$0]) },
        lines: lines.enumerated().map {
          LineInfo(slot: starts[$1], file: "a.c", line: $0 + 1, column: 0, text: "line \($0)")
        },
        mapNames: ["map"],
        jumpTables: jumpTables.enumerated().map {
          JumpTable(name: "table\($0)", targets: $1.map { positions.slot($0) })
        })
      return Assembled(program: program, starts: starts, facts: hasFacts ? facts : [])
    } catch {
      preconditionFailure("cases are made of instructions that exist")
    }
  }

  static func encode(_ instruction: Instruction) -> [RawInstruction] {
    do { return try instruction.encoded.slots } catch {
      preconditionFailure("cases are made of instructions that exist")
    }
  }
}

extension Program {
  fileprivate init(emptyNamed name: String) {
    do { try self.init(name: name, slots: []) } catch {
      preconditionFailure("no slots are all decodable")
    }
  }
}
