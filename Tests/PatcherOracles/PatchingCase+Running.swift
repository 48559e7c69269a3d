public import BPFISA
public import BPFRewriter

// Doing the same with both patchers.
extension PatchingCase {
  /// What is seen on the way.
  public enum Event: Hashable, Sendable {
    case edited(PatchError?)
    case visited(Instruction, original: Int, isInserted: Bool, fact: FactID?, target: Int?)
  }

  /// What one patcher made of a case.
  public struct Run: Sendable {
    public var events: [Event] = []
    public var result: PatchedResult?
    /// Why there is no result; more than one where the order in which errors are found is free.
    public var errors: Set<PatchError> = []
  }

  /// How the patchers differ; nil if they do not.
  public func difference() -> String? {
    let assembled = assembled()
    let run = patched(assembled)
    let expected = naivelyPatched(assembled)
    for (index, (event, other)) in zip(run.events, expected.events).enumerated()
    where event != other {
      return "event \(index) is \(event), naively \(other)"
    }
    if run.events.count != expected.events.count {
      return "\(run.events.count) events, naively \(expected.events.count)"
    }
    switch (run.result, expected.result) {
    case (nil, nil):
      return run.errors.isSubset(of: expected.errors)
        ? nil : "refused because \(run.errors), naively because \(expected.errors)"
    case (nil, _?): return "refused because \(run.errors), naively not"
    case (_?, nil): return "accepted, naively refused because \(expected.errors)"
    case (let result?, let other?): return Self.difference(result, other)
    }
  }

  private static func difference(_ result: PatchedResult, _ other: PatchedResult) -> String? {
    if result == other { return nil }
    if result.slots != other.slots {
      return "slots:\n\(text(result.slots))\nnaively:\n\(text(other.slots))"
    }
    var parts: [String] = []
    if result.lines != other.lines {
      parts.append(
        "lines \(result.lines.map { [$0.slot, $0.line] }), naively \(other.lines.map { [$0.slot, $0.line] })"
      )
    }
    if result.subprograms != other.subprograms {
      parts.append("subprograms \(result.subprograms), naively \(other.subprograms)")
    }
    if result.jumpTables != other.jumpTables {
      parts.append("jump tables \(result.jumpTables), naively \(other.jumpTables)")
    }
    if result.facts != other.facts {
      parts.append("facts \(result.facts), naively \(other.facts)")
    }
    if result.origins != other.origins {
      parts.append("origins \(result.origins), naively \(other.origins)")
    }
    if result.entries != other.entries {
      parts.append("entries \(result.entries), naively \(other.entries)")
    }
    return parts.joined(separator: "\n")
  }

  // MARK: Running

  public func patched(_ assembled: Assembled) -> Run {
    var run = Run()
    var patcher = WalkingPatcher(ProgramPatcher(assembled.program, facts: assembled.facts))
    edit(&patcher, assembled, &run)
    patcher.finish(assembled, &run)
    return run
  }

  public func naivelyPatched(_ assembled: Assembled) -> Run {
    var run = Run()
    var patcher = NaivePatcher(assembled.program, facts: assembled.facts)
    edit(&patcher, assembled, &run)
    switch patcher.linearize() {
    case .program(let result): run.result = result
    case .refused(let errors): run.errors = errors
    }
    return run
  }

  private func edit<Patcher: CasePatcher & ~Copyable>(
    _ patcher: inout Patcher, _ assembled: Assembled, _ run: inout Run
  ) {
    for (index, pass) in passes.enumerated() {
      patcher.beginPass("pass \(index)")
      switch pass {
      case .edits(let edits):
        for edit in edits { run.events.append(.edited(apply(edit, to: &patcher, assembled))) }
      case .walk(let steps):
        walk(steps, &patcher, assembled, &run)
      }
    }
  }

  private func apply<Patcher: CasePatcher & ~Copyable>(
    _ edit: Edit, to patcher: inout Patcher, _ assembled: Assembled
  ) -> PatchError? {
    do throws(PatchError) {
      switch edit {
      case .replace(let address, let lines):
        try patcher.replace(assembled.slot(address), with: assembled.patch(lines))
      case .insert(let lines, let address, let entry):
        try patcher.insert(
          assembled.patch(lines), before: assembled.slot(address), branches: entry)
      case .remove(let address): try patcher.remove(assembled.slot(address))
      }
      return nil
    } catch {
      return error
    }
  }

  private func walk<Patcher: CasePatcher & ~Copyable>(
    _ steps: [(at: Int, step: Step)], _ patcher: inout Patcher, _ assembled: Assembled,
    _ run: inout Run
  ) {
    patcher.startWalk()
    var visited = 0
    var rest = steps[...]
    while let visit = patcher.visitNext() {
      run.events.append(visit)
      while let next = rest.first, next.at == visited {
        rest.removeFirst()
        do throws(PatchError) {
          switch next.step {
          case .replace(let lines): try patcher.replaceHere(with: assembled.patch(lines))
          case .insert(let lines, let entry):
            try patcher.insertHere(assembled.patch(lines), branches: entry)
          case .remove: patcher.removeHere()
          case .edit(let edit):
            if let error = apply(edit, to: &patcher, assembled) { throw error }
          }
          run.events.append(.edited(nil))
        } catch {
          run.events.append(.edited(error))
        }
      }
      visited += 1
    }
  }
}

/// What a case does with a patcher, so that the same code does it with both.
private protocol CasePatcher: ~Copyable {
  mutating func beginPass(_ name: String)
  mutating func replace(_ slot: Int, with patch: ScriptedPatch) throws(PatchError)
  mutating func insert(
    _ patch: ScriptedPatch, before slot: Int, branches entry: ProgramPatcher.Entry
  ) throws(PatchError)
  mutating func remove(_ slot: Int) throws(PatchError)
  /// Goes back to before the first instruction.
  mutating func startWalk()
  /// Goes to the next instruction and says what is seen there.
  mutating func visitNext() -> PatchingCase.Event?
  mutating func replaceHere(with patch: ScriptedPatch) throws(PatchError)
  mutating func insertHere(
    _ patch: ScriptedPatch, branches entry: ProgramPatcher.Entry
  ) throws(PatchError)
  mutating func removeHere()
}

extension PatchingCase.Event {
  /// A visit; what displacement an inserted branch has before it is known where it leads is nobody's business.
  fileprivate static func visit(
    _ instruction: Instruction, original: Int, isInserted: Bool, fact: FactID?, target: Int?
  ) -> Self {
    .visited(
      isInserted ? instruction.with(displacement: 0) ?? instruction : instruction,
      original: original, isInserted: isInserted, fact: fact, target: target)
  }
}

extension NaivePatcher: CasePatcher {
  fileprivate mutating func visitNext() -> PatchingCase.Event? {
    guard let instruction = next() else { return nil }
    return .visit(
      instruction, original: original, isInserted: isInserted, fact: fact, target: originalTarget)
  }
}

/// A patcher and the place a walk over it has come to.
private struct WalkingPatcher: ~Copyable, CasePatcher {
  var patcher: ProgramPatcher
  var place: ProgramPatcher.Place

  init(_ patcher: consuming ProgramPatcher) {
    place = patcher.start
    self.patcher = patcher
  }

  mutating func beginPass(_ name: String) { patcher.beginPass(name) }

  mutating func replace(_ slot: Int, with patch: ScriptedPatch) throws(PatchError) {
    try patcher.replace(slot, with: patch.patch)
  }

  mutating func insert(
    _ patch: ScriptedPatch, before slot: Int, branches entry: ProgramPatcher.Entry
  ) throws(PatchError) {
    try patcher.insert(patch.patch, before: slot, branches: entry)
  }

  mutating func remove(_ slot: Int) throws(PatchError) { try patcher.remove(slot) }

  mutating func startWalk() { place = patcher.start }

  mutating func visitNext() -> PatchingCase.Event? {
    guard let instruction = patcher.next(&place) else { return nil }
    return .visit(
      instruction, original: place.original, isInserted: place.isInserted,
      fact: patcher.fact(at: place), target: patcher.originalTarget(at: place))
  }

  mutating func replaceHere(with patch: ScriptedPatch) throws(PatchError) {
    try patcher.replace(at: &place, with: patch.patch(here: patcher.target(at: place)))
  }

  mutating func insertHere(
    _ patch: ScriptedPatch, branches entry: ProgramPatcher.Entry
  ) throws(PatchError) {
    try patcher.insert(
      patch.patch(here: patcher.target(at: place)), before: &place, branches: entry)
  }

  mutating func removeHere() { patcher.remove(at: &place) }

  consuming func finish(_ assembled: PatchingCase.Assembled, _ run: inout PatchingCase.Run) {
    do throws(PatchError) {
      let patched = try patcher.linearize(recordsOrigins: true)
      let program = patched.program
      var entries = [Int](repeating: -1, count: assembled.program.slots.count + 1)
      for start in assembled.starts { entries[start] = patched.slot(ofOriginal: start) }
      run.result = PatchedResult(
        slots: program.slots, lines: program.lines, subprograms: program.subprograms,
        jumpTables: program.jumpTables,
        facts: program.slots.indices.map { Self.fact(patched, $0) },
        origins: patched.origins.map {
          PatchedResult.Origin(
            original: $0.original, isInserted: $0.isInserted, pass: $0.pass,
            isWidened: $0.isWidened)
        }, entries: entries)
    } catch {
      run.errors = [error]
    }
  }

  private static func fact(_ patched: PatchedProgram, _ slot: Int) -> FactID? {
    do throws(PatchError) { return try patched.fact(at: slot) } catch {
      precondition(error == .noFact(slot: slot), "there is only one reason")
      return nil
    }
  }
}
