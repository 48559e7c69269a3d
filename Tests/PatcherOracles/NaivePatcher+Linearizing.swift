public import BPFISA
public import BPFRewriter

/// All that is to be known of a patched program.
public struct PatchedResult: Hashable, Sendable {
  public var slots: [RawInstruction]
  public var lines: [LineInfo]
  public var subprograms: [Subprogram]
  public var jumpTables: [JumpTable]
  /// Nil where asking is an error.
  public var facts: [FactID?]
  public var origins: [Origin]
  /// Where jumps to each original instruction lead now, and the end; -1 for the second half of one.
  public var entries: [Int]

  /// What an ``InstructionOrigin`` says.
  public struct Origin: Hashable, Sendable {
    public var original: Int
    public var isInserted: Bool
    public var pass: Int?
    public var isWidened: Bool
  }
}

extension NaivePatcher {
  /// The program, or everything that is wrong with it.
  public enum Linearized {
    case program(PatchedResult)
    case refused(Set<PatchError>)
  }

  public func linearize() -> Linearized {
    var errors = branchErrors()
    if items.allSatisfy({ $0.instruction == nil }) { errors.insert(.nothingLeft) }
    for index in program.subprograms.indices {
      errors.formUnion(subprogramError(index).map { [$0] } ?? [])
    }
    for table in program.jumpTables {
      for target in table.targets { errors.formUnion(tableError(table, target).map { [$0] } ?? []) }
    }
    if !errors.isEmpty { return .refused(errors) }

    // Widen what is too short until nothing is.
    var isWidened = [Bool](repeating: false, count: items.count)
    var positions = self.positions(isWidened)
    while true {
      var hasChanged = false
      for (index, item) in items.enumerated() where !isWidened[index] {
        guard let instruction = item.instruction, instruction.hasShortDisplacement,
          let target = item.target?.item
        else { continue }
        if case .jump = instruction { continue }
        let displacement = positions[target] - positions[index] - 1
        if displacement < -0x8000 || displacement > 0x7fff {
          isWidened[index] = true
          hasChanged = true
        }
      }
      if !hasChanged { break }
      positions = self.positions(isWidened)
    }
    return .program(result(positions, isWidened))
  }

  // MARK: What is wrong

  private func branchErrors() -> Set<PatchError> {
    var errors: Set<PatchError> = []
    for item in items {
      guard item.instruction != nil, let target = item.target else { continue }
      guard let place = target.item else {
        errors.insert(.strayBranch(slot: item.original, target: target.original ?? 0))
        continue
      }
      if let error = landingError(
        place, original: target.original ?? item.original,
        neededBy: item.isInserted ? nil : item.original)
      {
        errors.insert(error)
      }
    }
    return errors
  }

  /// What is wrong with a branch to an item: nothing that is left follows in its subprogram.
  private func landingError(_ place: Int, original: Int, neededBy: Int?) -> PatchError? {
    let subprogram = subprogramIndex(at: original)
    func isLeft(_ item: Item) -> Bool {
      item.instruction != nil && subprogramIndex(at: item.original) == subprogram
    }
    if items[place...].contains(where: isLeft) { return nil }
    return items.contains(where: isLeft)
      ? .nothingLeftToBranchTo(target: original)
      : .subprogramRemoved(name: program.subprograms[subprogram].name, neededBy: neededBy)
  }

  private func tableError(_ table: JumpTable, _ target: Int) -> PatchError? {
    guard program.slots.indices.contains(target), entries[target] >= 0 else {
      return .strayTableEntry(table: table.name, target: target)
    }
    return landingError(entries[target], original: target, neededBy: nil)
  }

  private func subprogramError(_ index: Int) -> PatchError? {
    let all = items.filter { subprogramIndex(at: $0.original) == index }
    guard let last = all.last(where: { $0.instruction != nil })?.instruction else {
      return index == 0
        ? .subprogramRemoved(name: program.subprograms[0].name, neededBy: nil) : nil
    }
    let end = all.last { !$0.isInserted }
    guard let end, end.instruction == nil, last.fallsThrough,
      !program.instruction(at: end.original).fallsThrough
    else { return nil }
    return .fallsOffEnd(subprogram: program.subprograms[index].name)
  }

  private func subprogramIndex(at slot: Int) -> Int {
    program.subprograms.lastIndex { $0.start <= slot } ?? 0
  }

  // MARK: What is right

  /// The slot of each item, and the number of slots.
  private func positions(_ isWidened: [Bool]) -> [Int] {
    var positions: [Int] = []
    var position = 0
    for (index, item) in items.enumerated() {
      positions.append(position)
      guard let instruction = item.instruction else { continue }
      position +=
        isWidened[index] ? (opposite(of: instruction) == nil ? 3 : 2) : instruction.slotCount
    }
    return positions + [position]
  }

  private func result(_ positions: [Int], _ isWidened: [Bool]) -> PatchedResult {
    var result = PatchedResult(
      slots: [], lines: [], subprograms: [], jumpTables: [], facts: [], origins: [],
      entries: entries.map { $0 < 0 ? -1 : positions[$0] })
    var line: Int?
    var subprogram: Int?
    for (index, item) in items.enumerated() {
      guard let instruction = item.instruction else { continue }
      let position = result.slots.count
      let slots = Self.encode(
        instruction, at: position, to: item.target?.item.map { positions[$0] },
        isWidened: isWidened[index])
      result.slots += slots
      for slot in slots.indices {
        let isWide = slot >= instruction.slotCount
        let fact = hasFacts && !isWide && item.facts[slot] != .none ? item.facts[slot] : nil
        result.facts.append(fact)
        result.origins.append(
          PatchedResult.Origin(
            original: item.original + (item.isInserted || isWide ? 0 : slot),
            isInserted: item.isInserted, pass: item.pass,
            isWidened: isWide))
      }
      if let index = lineIndex(of: item.original), index != line {
        let info = program.lines[index]
        result.lines.append(
          LineInfo(
            slot: position, file: info.file, line: info.line, column: info.column, text: info.text))
        line = index
      }
      let owner = subprogramIndex(at: item.original)
      if owner != subprogram {
        result.subprograms.append(
          Subprogram(
            name: program.subprograms[owner].name, start: position,
            prototype: program.subprograms[owner].prototype))
        subprogram = owner
      }
    }
    result.jumpTables = program.jumpTables.map { table in
      JumpTable(name: table.name, targets: table.targets.map { positions[entries[$0]] })
    }
    return result
  }

  /// The source line of an original slot: the last before it, if that is of the same subprogram.
  private func lineIndex(of slot: Int) -> Int? {
    guard let index = program.lines.lastIndex(where: { $0.slot <= slot }),
      program.lines[index].slot >= program.subprograms[subprogramIndex(at: slot)].start
    else { return nil }
    return index
  }

  private static func encode(
    _ instruction: Instruction, at position: Int, to target: Int?, isWidened: Bool
  ) -> [RawInstruction] {
    func slots(_ instruction: Instruction) -> [RawInstruction] {
      do { return try instruction.encoded.slots } catch {
        preconditionFailure("what was decoded can be encoded")
      }
    }
    guard let target else { return slots(instruction) }
    let displacement = target - position - 1
    if isWidened {
      if let opposite = opposite(of: instruction) {
        return slots(opposite) + slots(.jumpLong(offset: Int32(displacement - 1)))
      }
      let short = instruction.with(displacement: 1) ?? instruction
      return slots(short) + slots(.jump(offset: 1))
        + slots(.jumpLong(offset: Int32(displacement - 2)))
    }
    if let fixed = instruction.with(displacement: displacement) { return slots(fixed) }
    return slots(.jumpLong(offset: Int32(displacement)))
  }
}

/// The jump over one instruction with the opposite condition, if there is one.
private func opposite(of instruction: Instruction) -> Instruction? {
  guard case .jumpIf(let condition, let width, let left, let right, _) = instruction else {
    return nil
  }
  let opposite: Condition
  switch condition {
  case .equal: opposite = .notEqual
  case .notEqual: opposite = .equal
  case .greater: opposite = .lessOrEqual
  case .lessOrEqual: opposite = .greater
  case .greaterOrEqual: opposite = .less
  case .less: opposite = .greaterOrEqual
  case .signedGreater: opposite = .signedLessOrEqual
  case .signedLessOrEqual: opposite = .signedGreater
  case .signedGreaterOrEqual: opposite = .signedLess
  case .signedLess: opposite = .signedGreaterOrEqual
  case .bitsSet: return nil
  }
  return .jumpIf(opposite, width, left, right, offset: 1)
}
