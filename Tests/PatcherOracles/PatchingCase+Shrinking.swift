import BPFISA
import BPFRewriter

// Making a failing case small.
extension PatchingCase {
  /// The smallest case that still fails, found by taking out one part after another.
  public func shrunk(_ fails: (PatchingCase) -> Bool) -> PatchingCase {
    var best = self
    while let smaller = best.smaller().first(where: fails) { best = smaller }
    return best
  }

  /// The cases with one part less.
  private func smaller() -> [PatchingCase] {
    var cases: [PatchingCase] = []
    func add(_ change: (inout PatchingCase) -> Void) {
      var changed = self
      change(&changed)
      cases.append(changed)
    }
    for index in passes.indices { add { $0.passes.remove(at: index) } }
    for (index, pass) in passes.enumerated() {
      switch pass {
      case .edits(let edits):
        for edit in edits.indices {
          add { $0.passes[index] = .edits(edits.removing(edit)) }
          for smaller in Self.smaller(edits[edit]) {
            add { $0.passes[index] = .edits(edits.replacing(edit, with: smaller)) }
          }
        }
      case .walk(let steps):
        for step in steps.indices {
          add { $0.passes[index] = .walk(steps.removing(step)) }
          for smaller in Self.smaller(steps[step].step) {
            add {
              $0.passes[index] = .walk(steps.replacing(step, with: (steps[step].at, smaller)))
            }
          }
          if steps[step].at > (step > 0 ? steps[step - 1].at : 0) {
            add {
              $0.passes[index] = .walk(
                steps.replacing(step, with: (steps[step].at - 1, steps[step].step)))
            }
          }
        }
      }
    }
    for index in jumpTables.indices { add { $0.jumpTables.remove(at: index) } }
    for index in lines.indices { add { $0.lines.remove(at: index) } }
    for index in subprograms.indices { add { $0.subprograms.remove(at: index) } }
    if hasFacts { add { $0.hasFacts = false } }
    if instructions.count > 1 {
      for index in instructions.indices { add { $0.removeInstruction(index) } }
    }
    let plain = Instruction.arithmetic(
      .move, .bits64, destination: .r0, source: .immediate(0))
    for index in instructions.indices where instructions[index].instruction != plain {
      add { $0.instructions[index] = Line(instruction: plain, target: nil) }
    }
    return cases
  }

  private static func smaller(_ edit: Edit) -> [Edit] {
    switch edit {
    case .replace(let address, let lines):
      smaller(lines).map { .replace(address, $0) } + [.remove(address)]
    case .insert(let lines, let address, let entry):
      smaller(lines).map { .insert($0, before: address, entry) }
    case .remove: []
    }
  }

  private static func smaller(_ step: Step) -> [Step] {
    switch step {
    case .replace(let lines): smaller(lines).map { .replace($0) } + [.remove]
    case .insert(let lines, let entry): smaller(lines).map { .insert($0, entry) }
    case .remove: []
    case .edit(let edit): smaller(edit).map { .edit($0) }
    }
  }

  private static func smaller(_ lines: [PatchLine]) -> [[PatchLine]] {
    lines.indices.map { removed in
      lines.removing(removed).map { line in
        var line = line
        if case .line(let target)? = line.target, target > removed {
          line.target = .line(target - 1)
        }
        return line
      }
    }
  }

  private mutating func removeInstruction(_ index: Int) {
    instructions.remove(at: index)
    func moved(_ address: Int) -> Int {
      if address < 0 { return ~max(0, ~address > index ? ~address - 1 : ~address) }
      return address > index ? address - 1 : address
    }
    func moved(_ lines: [PatchLine]) -> [PatchLine] {
      lines.map { line in
        var line = line
        if case .original(let address)? = line.target { line.target = .original(moved(address)) }
        return line
      }
    }
    func moved(_ edit: Edit) -> Edit {
      switch edit {
      case .replace(let address, let lines): .replace(moved(address), moved(lines))
      case .insert(let lines, let address, let entry):
        .insert(moved(lines), before: moved(address), entry)
      case .remove(let address): .remove(moved(address))
      }
    }
    for place in instructions.indices {
      instructions[place].target = instructions[place].target.map { moved($0) }
    }
    let count = instructions.count
    subprograms = Set(subprograms.map { moved($0) }).filter { $0 > 0 && $0 < count }.sorted()
    lines = lines.map { moved($0) }.filter { $0 < count }
    jumpTables = jumpTables.map { $0.map { moved($0) } }
    passes = passes.map { pass in
      switch pass {
      case .edits(let edits): .edits(edits.map { moved($0) })
      case .walk(let steps):
        .walk(
          steps.map { at, step in
            switch step {
            case .replace(let lines): (at, .replace(moved(lines)))
            case .insert(let lines, let entry): (at, .insert(moved(lines), entry))
            case .remove: (at, .remove)
            case .edit(let edit): (at, .edit(moved(edit)))
            }
          })
      }
    }
  }
}

extension Array {
  fileprivate func removing(_ index: Int) -> [Element] {
    var copy = self
    copy.remove(at: index)
    return copy
  }

  fileprivate func replacing(_ index: Int, with element: Element) -> [Element] {
    var copy = self
    copy[index] = element
    return copy
  }
}
