import BPFISA
import BPFPlatform

// Calls of helpers, by their prototypes (kernel: `check_helper_call`).
extension Explorer {
  mutating func callHelper(_ id: HelperID) throws(Rejection.Problem) -> Bool {
    var call = try helperCall(id)
    for (index, kind) in call.arguments.enumerated() {
      try checkArgument(index, kind, &call)
    }
    try checkMapUse(call)
    switch id {
    case .spinLock, .spinUnlock:
      clobberCallerSaved()
      registers[index(.r0)] = .scalar(.unknown)
      slot += 1
      return true
    case .loop, .forEachMapElement, .userRingBufferDrain:
      try checkReferencesForCallback()
      try callRepeatedly(call)
    case .timerSetCallback: try callLater(call)
    case .tailCall:
      try checkTailCall()
      if depth > 0 { try putAside(.tailCalled) }
    case _:
      if call.arguments.contains(.function) {
        throw .unsupported("the callback of \(call.prototype.name)")
      }
    }
    if !call.filled.isEmpty {
      for memory in call.filled {
        let pointer = registers[index(memory.register)]
        if pointer.kind == .stack, memory.size > 0 {
          try fillStack(pointer, memory.register, memory.size)
        }
      }
    }
    if call.released != 0 { try release(call.released) }
    if call.prototype.invalidatesPacketPointers { forgetPacket() }
    noteMap(call)
    let result = try result(of: call)
    if let place = call.newDynptr { try makeDynptr(place, call) }
    clobberCallerSaved()
    registers[index(.r0)] = result
    slot += 1
    return true
  }

  /// The helper called, if this program may.
  func helperCall(_ id: HelperID) throws(Rejection.Problem) -> HelperCall {
    guard let prototype = platform.prototype(of: id) else { throw .noSuchHelper(id) }
    guard prototype.allowed(in: platform.type) else {
      throw .helperNotAllowed(id, in: platform.type)
    }
    guard options.isGPLCompatible || !prototype.requiresGPL(in: platform.type) else {
      throw .helperNeedsGPL(id)
    }
    if prototype.maySleep, platform.type != .syscall { throw .helperMaySleep(id) }
    if lock != nil, id != .spinUnlock { throw .callWhileLocked }
    return HelperCall(prototype, in: platform.type)
  }

  private func checkMapUse(_ call: HelperCall) throws(Rejection.Problem) {
    guard let map = call.map else { return }
    let kind = platform.maps[map].spec.kind
    guard call.prototype.accepts(kind) else {
      throw .mapKindNotAccepted(call.prototype.id, map: map, kind)
    }
    switch call.prototype.id {
    case .mapUpdateElement, .mapDeleteElement, .mapPushElement, .mapPopElement:
      guard platform.maps[map].isWritable else { throw .mapNotWritable(map) }
    case _: break
    }
  }

  private mutating func noteMap(_ call: HelperCall) {
    guard let map = call.map else { return }
    // Which of the maps inside a map of maps it is is not known.
    let isOwn = map < code.program.mapNames.count
    if !isSpeculative { facts.call(slot, map: isOwn ? map : nil, key: call.constantKey) }
  }

  private func checkTailCall() throws(Rejection.Problem) {
    try checkReferencesReleased()
    try checkNoCallback()
  }

  /// Checks that no helper waits for the path to return to it.
  func checkNoCallback() throws(Rejection.Problem) {
    for frame in 0...depth where frames[frame].role != .call { throw .tailCallInCallback }
  }

  private func checkReferencesForCallback() throws(Rejection.Problem) {
    if lock != nil { throw .callWhileLocked }
  }

  // MARK: Results

  private mutating func result(of call: HelperCall) throws(Rejection.Problem) -> Value {
    let acquired = call.prototype.acquiresReference && call.newDynptr == nil ? try acquire() : 0
    switch call.prototype.result {
    case .integer: return integerResult(call)
    case .void: return .uninitialized
    case .mapValue, .mapValueOrNull:
      guard let map = call.map else { preconditionFailure("the helper takes a map") }
      let rules = platform.maps[map]
      let isNullable = call.prototype.result == .mapValueOrNull
      if rules.spec.kind.holdsMaps {
        guard let inner = rules.inner else {
          throw .unsupported("a map of maps without an inner map")
        }
        return .pointer(.map, to: inner, flags: .nullable, id: newID())
      }
      // An AF_XDP socket (`struct bpf_xdp_sock`): the number of its queue can be read.
      if rules.spec.kind == .xskMap {
        return .pointer(.memory, to: 4, flags: [.nullable, .readOnly], id: newID())
      }
      // A socket taken out of a map is held until it is released.
      if rules.spec.kind == .socketMap || rules.spec.kind == .socketHash {
        return socket(.socket, try acquire())
      }
      let isCertain =
        !isNullable || call.constantKey.map { $0 < UInt64(rules.spec.maxEntries) } ?? false
      return .pointer(
        .mapValue, to: map, flags: isCertain ? [] : .nullable,
        id: isCertain && rules.lockOffset == nil ? 0 : newID())
    case .reservedRecordOrNull:
      return .pointer(
        .memory, to: Int(truncatingIfNeeded: call.constantSize), flags: [.nullable, .record],
        id: acquired, reference: acquired)
    case .dynptrDataOrNull:
      return .pointer(
        .memory, to: Int(truncatingIfNeeded: call.constantSize),
        flags: call.dynptr?.flags.contains(.readOnly) ?? false
          ? [.nullable, .readOnly] : .nullable,
        id: newID(), reference: call.dynptr?.reference ?? 0)
    case .socketOrNull:
      return socket(.socket, acquired)
    case .socketCommonOrNull:
      return socket(.socketCommon, acquired)
    case .tcpSocketOrNull:
      return socket(.tcpSocket, acquired)
    case .kernelObject, .kernelObjectOrNull, .perCPUObject, .perCPUObjectOrNull:
      throw .unsupported("kernel objects: the result of bpf_\(call.prototype.name)")
    }
  }

  /// The socket a helper gives, or null. One that has to be released is known by its reference; one derived from another
  /// lives as long as it.
  private mutating func socket(_ kind: Value.Kind, _ acquired: UInt32) -> Value {
    if acquired != 0 {
      return .pointer(kind, flags: .nullable, id: acquired, reference: acquired)
    }
    let argument = registers[index(.r1)]
    switch argument.kind {
    case .socket, .socketCommon, .tcpSocket:
      return .pointer(kind, flags: .nullable, id: newID(), reference: argument.reference)
    case .uninitialized, .scalar, .stack, .context, .packet, .packetMetadata, .packetEnd, .map,
      .mapValue, .mapKey, .memory, .function, .dynptr:
      return .pointer(kind, flags: .nullable, id: newID())
    }
  }

  /// What is known of numbers that helpers return.
  private func integerResult(_ call: HelperCall) -> Value {
    switch call.prototype.id {
    case .getProcessorID: return .scalar(.range(0, 8_191))
    // As many bytes as the buffer has, or an error.
    case .probeReadString, .probeReadKernelString, .probeReadUserString, .getStack,
      .getTaskStack:
      guard let size = call.filled.first?.size else { return .scalar(.unknown) }
      return .scalar(.signedRange(-4_095, Int64(size)))
    case _: return .scalar(.unknown)
    }
  }

  // MARK: References

  private mutating func acquire() throws(Rejection.Problem) -> UInt32 {
    guard references.count < VerifierLimits.references else {
      throw .tooManyReferences(VerifierLimits.references)
    }
    let id = newID()
    references.append(
      Reference(
        id: id, slot: Int32(truncatingIfNeeded: slot), frame: Int32(truncatingIfNeeded: depth)))
    return id
  }

  /// Gives up a reference: nothing that depends on it may be used any more (kernel: `release_reference`).
  mutating func release(_ id: UInt32) throws(Rejection.Problem) {
    guard let position = references.firstIndex(where: { $0.id == id }) else {
      throw .notAcquired
    }
    guard Int(references[position].frame) == depth || frames[depth].role == .call else {
      throw .releasedInCallback
    }
    references.remove(at: position)
    forEachValue { explorer, place in
      if explorer[place].reference == id { explorer.forget(place) }
    }
    try endDynptrs(of: id)
  }

  /// Makes of a pointer that is no longer valid what its bits are: some number, or nothing that may be read.
  private mutating func forget(_ place: Place) {
    let node = self[place].node
    switch place {
    case .register:
      self[place] = options.isPrivileged ? .scalar(.unknown) : .uninitialized
      self[place].node = node
    case .slot(let index):
      stacks[index].dropSpill()
    }
  }

  /// The packet may have moved: pointers to it are invalid.
  mutating func forgetPacket() {
    forEachValue { explorer, place in
      if explorer[place].isPacket { explorer.forget(place) }
    }
  }

  // MARK: Dynptrs

  private mutating func makeDynptr(_ pointer: Value, _ call: HelperCall) throws(Rejection.Problem) {
    meetsDynptrs = true
    var value = Value(.dynptr, number: .zero)
    if call.newDynptrIsRecord { value.reference = try acquire() }
    // Of memory: what it was made of stays valid.
    value.id = newID()
    let place = (Int(pointer.offset) + VerifierLimits.stackBytes) >> 3
    let frame = Int(pointer.object)
    for half in 0..<2 {
      let index = frame * Self.slotCount + place + half
      if stacks[index].isDynptr { try endDynptr(frame, place + half) }
      stacks[index] = StackSlot()
      stacks[index].value = value
      if half == 1 { stacks[index].value.flags = .secondHalf }
      stacks[index].setBytes(0, 8, StackSlot.ByteKind.dynptr)
      frames[frame].occupied |= 1 << UInt64(place + half)
    }
  }

  /// A dynptr's bytes are overwritten: it is none any more.
  mutating func endDynptr(_ frame: Int, _ place: Int) throws(Rejection.Problem) {
    let index = frame * Self.slotCount + place
    let value = stacks[index].value
    if value.reference != 0 { throw .dynptrOverwritten }
    let first = value.flags.contains(.secondHalf) ? index - 1 : index
    // What is left of it is not for the program to read.
    for half in first...first + 1 { stacks[half] = StackSlot() }
    forEachValue { explorer, place in
      // Slices of it.
      if explorer[place].kind == .memory, explorer[place].reference == value.id, value.id != 0 {
        explorer.forget(place)
      }
    }
  }

  /// Ends the dynptrs of a record that was given up.
  private mutating func endDynptrs(of reference: UInt32) throws(Rejection.Problem) {
    for frame in 0...depth {
      var occupied = frames[frame].occupied
      while occupied != 0 {
        let place = occupied.trailingZeroBitCount
        occupied &= occupied &- 1
        let index = frame * Self.slotCount + place
        if stacks[index].isDynptr, stacks[index].value.reference == reference {
          stacks[index] = StackSlot()
        }
      }
    }
  }
}
