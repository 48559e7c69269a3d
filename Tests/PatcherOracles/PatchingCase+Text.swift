import BPFISA
import BPFRewriter

extension PatchingCase: CustomStringConvertible {
  /// The program by instruction number, then the edits, one per line.
  public var description: String {
    var text = ""
    for (index, line) in instructions.enumerated() {
      if subprograms.contains(index) { text += "sub\(index):\n" }
      for (number, place) in lines.enumerated() where place == index {
        text += "; line \(number + 1)\n"
      }
      text += "\(index): " + Self.text(line.instruction, line.target.map { "\($0)" }) + "\n"
    }
    for (index, table) in jumpTables.enumerated() { text += "table\(index): \(table)\n" }
    text += hasFacts ? "with facts\n" : "without facts\n"
    for (index, pass) in passes.enumerated() {
      text += "pass \(index)\n"
      switch pass {
      case .edits(let edits): for edit in edits { text += "  " + Self.text(edit) + "\n" }
      case .walk(let steps):
        for (at, step) in steps {
          text += "  walking, at \(at): "
          switch step {
          case .replace(let lines): text += "replace with \(Self.text(lines))\n"
          case .insert(let lines, let entry): text += "insert (\(entry)) \(Self.text(lines))\n"
          case .remove: text += "remove\n"
          case .edit(let edit): text += Self.text(edit) + "\n"
          }
        }
      }
    }
    return text
  }

  private static func text(_ edit: Edit) -> String {
    switch edit {
    case .replace(let address, let lines): "replace \(address) with \(text(lines))"
    case .insert(let lines, let address, let entry):
      "insert before \(address) (\(entry)) \(text(lines))"
    case .remove(let address): "remove \(address)"
    }
  }

  private static func text(_ lines: [PatchLine]) -> String {
    let texts = lines.enumerated().map { index, line in
      let target =
        switch line.target {
        case nil: nil as String?
        case .end: "end"
        case .here: "here"
        case .line(let line): "line \(line)"
        case .original(let address): "original \(address)"
        }
      let fact = line.fact.map { " fact \($0.rawValue)" } ?? ""
      return "\(index): " + text(line.instruction, target) + fact
    }
    return "[" + texts.joined(separator: "; ") + "]"
  }

  private static func text(_ instruction: Instruction, _ target: String?) -> String {
    Disassembler().text(of: instruction) + (target.map { " → \($0)" } ?? "")
  }

  static func text(_ slots: [RawInstruction]) -> String {
    var text = ""
    var index = 0
    while index < slots.count {
      do {
        let instruction = try Instruction(decoding: slots, at: index)
        text += "\(index): " + Disassembler().text(of: instruction) + "\n"
        index += instruction.slotCount
      } catch {
        text += "\(index): \(slots[index])\n"
        index += 1
      }
    }
    return text
  }
}
