import BPFISA
import BPFPlatform

// Functions of the program: calls, returns and the program's end (kernel: `check_func_call`, `prepare_func_exit`).
extension Explorer {
  mutating func doCall(_ target: CallTarget) throws(Rejection.Problem) -> Bool {
    jumps += 1
    switch target {
    case .helper(let number): return try callHelper(HelperID(rawValue: number))
    case .local(let displacement):
      let function = slot + 1 + Int(displacement)
      if let prototype = code.prototypes[Int(code.functionIndices[function])] {
        try callGlobal(function, prototype)
      } else {
        try enter(function, role: .call)
      }
      return true
    case .kernelFunction(let id, _): throw .unsupported("kfunc with BTF id \(id)")
    case .register: throw .unsupported("callx")
    }
  }

  /// Makes a frame and goes on in its function. Of its registers only what a call gives is set.
  mutating func enter(_ target: Int, role: Frame.Role) throws(Rejection.Problem) {
    guard depth + 1 < VerifierLimits.frames else { throw .tooManyFrames(VerifierLimits.frames) }
    let first = depth * Self.registerCount
    let function = code.functionIndices[target]
    depth += 1
    if !isSpeculative { globals.reach(depth, in: root) }
    frames[depth] = Frame(
      callSite: Int32(truncatingIfNeeded: slot), function: function, role: role)
    setFrameRegisters(depth)
    if role == .call {
      let inner = depth * Self.registerCount
      for register in 1...5 { registers[inner + register] = registers[first + register] }
      for register in 0...5 { registers[first + register].kind = .uninitialized }
    }
    slot = target
  }

  /// Leaves a function, or ends the program.
  mutating func doExit() throws(Rejection.Problem) -> Bool {
    guard depth > 0 else {
      // What a processor guesses is not given to anyone.
      if isSpeculative { return false }
      try checkEnd()
      return false
    }
    let frame = frames[depth]
    var result = registers[index(.r0)]
    switch frame.role {
    case .call:
      if result.kind == .stack, Int(result.object) == depth { throw .returnsStack }
    case .repeatedCallback, .laterCallback:
      guard result.kind != .uninitialized else { throw .uninitializedRegister(.r0) }
      markPrecise(result)
      let range: ClosedRange<Int64> = frame.role == .laterCallback ? 0...0 : 0...1
      guard result.isScalar, result.number.signedMinimum >= range.lowerBound,
        result.number.signedMaximum <= range.upperBound
      else { throw .callbackReturn(expected: range) }
      guard !references.contains(where: { Int($0.frame) == depth }) else {
        throw .unreleased(slot: Int(references[references.count - 1].slot))
      }
      guard lock == nil else { throw .lockHeldAtExit }
      if frame.role == .laterCallback { return false }
    }
    clearStack(depth)
    depth -= 1
    slot = Int(frame.callSite)
    if frame.role == .call {
      result.flags.subtract(.length)
      registers[index(.r0)] = result
      slot += 1
    }
    return true
  }

  /// Leaves a function in whose place another program ran: it returned any number, and may have moved the packet.
  mutating func returnFromTailCall() {
    forgetPacket()
    slot = Int(frames[depth].callSite) + 1
    clearStack(depth)
    depth -= 1
    registers[index(.r0)] = .scalar(.unknown)
  }

  private mutating func checkEnd() throws(Rejection.Problem) {
    try checkReferencesReleased()
    let result = registers[index(.r0)]
    guard result.kind != .uninitialized else { throw .uninitializedRegister(.r0) }
    if root > 0 {
      // Callers take it for some number.
      guard result.isScalar else { throw .returnsPointer }
    } else if let range = platform.returnRange {
      guard result.isScalar else { throw .returnsPointer }
      markPrecise(result)
      guard result.number.signedMinimum >= range.lowerBound,
        result.number.signedMaximum <= range.upperBound
      else {
        throw .returnValue(
          result.number.signedMinimum...result.number.signedMaximum, expected: range)
      }
    } else if result.isPointer, !options.isPrivileged {
      throw .returnsPointer
    }
  }

  /// Checks that nothing is held where the program may end.
  func checkReferencesReleased() throws(Rejection.Problem) {
    if let reference = references.first { throw .unreleased(slot: Int(reference.slot)) }
    if lock != nil { throw .lockHeldAtExit }
  }

  // MARK: Callbacks

  /// Runs the function a helper calls as often as it likes: this path goes on as if it had not been called; the one put
  /// aside goes through it and comes to the call again.
  mutating func callRepeatedly(_ call: HelperCall) throws(Rejection.Problem) {
    if call.prototype.id == .loop {
      let count = registers[index(.r1)]
      guard count.isScalar else {
        throw .argument(.r1, expected: .size, found: summary(of: count))
      }
      markPrecise(count)
      let flags = registers[index(.r4)]
      markPrecise(flags)
      let hasNoFlags = flags.constant == 0
      if !isSpeculative {
        facts.loop(slot, callback: hasNoFlags ? Int(registers[index(.r2)].object) : nil)
      }
      // As often as it runs at most it was followed.
      if UInt64(frames[depth].callbackDepth) < count.number.range.maximum {
        try putAside(.callback)
      }
    } else {
      try putAside(.callback)
    }
    frames[depth].callbackDepth = 0
  }

  /// Takes up the path on which the callback runs.
  mutating func enterRepeatedCallback() throws(Rejection.Problem) {
    guard case .call(.helper(let number)) = code.instructions[slot] else {
      preconditionFailure("callbacks are put aside at calls of helpers")
    }
    let call = try helperCall(HelperID(rawValue: number))
    // What the callback changes at each round is not known at the next.
    if frames[depth].callbackDepth > 0 { widenSinceLastIteration() }
    frames[depth].callbackDepth += 1
    try enterCallback(call)
  }

  /// Enters a callback, with the arguments the helper gives it.
  private mutating func enterCallback(_ call: HelperCall) throws(Rejection.Problem) {
    guard let position = call.arguments.firstIndex(of: .function) else {
      preconditionFailure("the helper takes a callback")
    }
    let outer = depth * Self.registerCount
    let function = registers[outer + 1 + position]
    let data = registers[outer + 2 + position]
    let map = registers[outer + 1]
    var count = registers[outer + 1]
    try enter(Int(function.object), role: .repeatedCallback)
    let inner = depth * Self.registerCount
    switch call.prototype.id {
    case .loop:
      count.number = .result(range: .unsigned(0, count.number.range.maximum))
      count.id = 0
      registers[inner + 1] = .scalar(count.number)
      registers[inner + 1].node = count.node
      registers[inner + 2] = data
    case .forEachMapElement:
      registers[inner + 1] = map
      registers[inner + 2] = .pointer(.mapKey, to: Int(map.object))
      registers[inner + 3] = .pointer(.mapValue, to: Int(map.object), id: newID())
      registers[inner + 4] = data
    case .userRingBufferDrain:
      registers[inner + 1] = .pointer(.dynptr, flags: .readOnly)
      registers[inner + 2] = data
    case _:
      throw .unsupported("the callback of \(call.prototype.name)")
    }
  }

  /// The callback of a timer runs by itself: this path goes on, and another begins with it.
  mutating func callLater(_ call: HelperCall) throws(Rejection.Problem) {
    guard let position = call.arguments.firstIndex(of: .function) else {
      preconditionFailure("the helper takes a callback")
    }
    let function = Int(registers[depth * Self.registerCount + 1 + position].object)
    if isSpeculative { return }
    let callback = LaterCallback(
      function: function, map: Int(registers[depth * Self.registerCount + 1].object))
    if !laterCallbacks.contains(callback) { laterCallbacks.append(callback) }
  }

  // MARK: Widening

  /// Forgets of numbers that changed since the loop's checkpoint was last passed, and that decided nothing, what they are.
  mutating func widenSinceLastIteration() {
    let state = Int(parent)
    guard state >= 0, Int(kept.states[state].slot) == slot, let before = previousVisit() else {
      return
    }
    let earlier = kept.states[before]
    for position in 0..<Int(earlier.entryCount) {
      let entry = kept.entries[earlier.firstEntry + position]
      let marks = provenance.marks[earlier.firstMarks + position >> 6]
      guard entry.shape.contains(.scalar), marks.precise >> UInt64(position & 63) & 1 == 0 else {
        continue
      }
      let index = entry.place.index
      let place: Place = entry.place.isSlot ? .slot(index) : .register(index)
      let value = self[place]
      let encoding = Int(entry.encoding)
      let old = kept.words.span.number(
        at: encoding + 2, Encoding(kept.words[encoding]).form)
      if value.isScalar, value.spillSize == entry.spillSize, value.number != old {
        self[place].number =
          value.spillSize > 0 && value.spillSize < 8
          ? .unsigned(byteCount: Int(value.spillSize)) : .unknown
        self[place].id = 0
        self[place].flags = []
      }
    }
  }

  /// The last state on this path that was kept at this checkpoint, before the one kept now.
  private func previousVisit() -> Int? {
    var state = kept.states[Int(parent)].parent
    while state >= 0 {
      let candidate = kept.states[Int(state)]
      if Int(candidate.slot) == slot, Int(candidate.depth) == depth { return Int(state) }
      state = candidate.parent
    }
    return nil
  }
}

/// A function that runs by itself some time: it is explored like a program.
struct LaterCallback: Hashable {
  var function: Int
  var map: Int
}
