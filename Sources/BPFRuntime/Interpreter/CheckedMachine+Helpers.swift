import BPFISA
import BPFPlatform

extension CheckedMachine {
  enum CallResult {
    case returned
    /// With ``CheckedMachine/failure`` set.
    case failed
    /// A tail call put another program in place.
    case replaced
    /// The helper waits for a callback, described by the last of ``CheckedMachine/callbacks``.
    case callback
  }

  /// Calls a helper with r1 to r5, after checking each against the helper's prototype.
  ///
  /// Pointers are translated to host addresses before the call, and a returned one back.
  func callHelper(_ number: Int32) -> CallResult {
    let id = HelperID(rawValue: number)
    guard let call = unsafe CheckedCall.to(number, in: typeBit) ?? code.hostCall(number),
      unsafe call.pointee.isImplemented
    else {
      failure = id.name == nil ? .unknownHelper(number) : .unsupportedHelper(id)
      return .failed
    }
    guard unsafe call.pointee.allowed(in: typeBit) else {
      failure = unsafe .helperNotAllowed(id, frame.type)
      return .failed
    }
    if unsafe heldLock != nil, id != .spinUnlock {
      failure = .callWhileLocked(id)
      return .failed
    }
    // SAFETY: at most five arguments, in the registers after r0.
    let arguments = unsafe registers + 1
    var translated: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    /// The region of the map among the arguments, or 0.
    var map = 0
    for index in 0..<(unsafe call.pointee.argumentCount) {
      let kind = unsafe call.pointee.kind(index)
      guard initialized & (2 << UInt16(index)) != 0 else {
        if case .anythingOrNothing = kind { continue }
        failure = .uninitializedRegister(Register(rawValue: UInt8(index + 1)) ?? .r1)
        return .failed
      }
      let value = unsafe arguments[index]
      if case .map = kind {
        guard let found = mapArgument(value),
          unsafe call.pointee.accepts(mapKind: regions[found].index)
        else {
          return invalid(id, index, kind)
        }
        map = found
      }
      let next =
        unsafe index < 4 && initialized & (4 << UInt16(index)) != 0 ? arguments[index + 1] : 0
      guard let host = translate(value, kind, map: map, size: next, helper: id, argument: index)
      else {
        return .failed
      }
      switch index {
      case 0: translated.0 = host
      case 1: translated.1 = host
      case 2: translated.2 = host
      case 3: translated.3 = host
      default: translated.4 = host
      }
    }
    if unsafe call.pointee.isOfTheEngine {
      return runOwnHelper(id, translated, map: map)
    }

    if id == .spinUnlock, unsafe heldLock != hostPointer(translated.0) {
      failure = .lockNotHeld
      return .failed
    }
    let result: UInt64
    if let helper = code.helpers[id] {
      result = unsafe helper.call(
        translated.0, translated.1, translated.2, translated.3, translated.4, in: frame)
    } else {
      result = unsafe frame.callHelper(
        id, translated.0, translated.1, translated.2, translated.3, translated.4)
    }

    initialized = initialized & ~0b11_1110 | 1
    if unsafe call.pointee.invalidatesPacketPointers { movePacket(helper: id) }
    switch id {
    case .ringBufferSubmit, .ringBufferDiscard: releaseRecord(unsafe arguments[0])
    case .spinLock: unsafe heldLock = hostPointer(translated.0)
    case .spinUnlock: unsafe heldLock = nil
    case .dynptrFromMemory: adoptDynptr(translated.3, of: unsafe arguments[0])
    case .ringBufferReserveDynptr:
      guard adoptRecordDynptr(translated.3) else { return tooManyRecords() }
    case .ringBufferSubmitDynptr, .ringBufferDiscardDynptr:
      forgetDynptr(translated.0)
    default: break
    }
    switch unsafe call.pointee.result {
    case .integer: unsafe registers[0] = result
    case .void: initialized &= ~1
    case .mapValueOrNull:
      unsafe registers[0] = guestAddress(ofValue: result, map: map)
    case .reservedRecordOrNull:
      guard let record = adoptRecord(result, size: unsafe arguments[1]) else {
        return tooManyRecords()
      }
      unsafe registers[0] = record
    case .mapValue:
      unsafe registers[0] = guestAddress(ofValue: result, map: map)
    case .dynptrDataOrNull:
      unsafe registers[0] = guestAddress(ofPiece: result, dynptr: translated.0)
    case .socketOrNull, .tcpSocketOrNull, .socketCommonOrNull,
      .kernelObjectOrNull, .perCPUObjectOrNull:
      // A process has none of these objects.
      unsafe registers[0] = 0
    case .kernelObject, .perCPUObject:
      preconditionFailure("no helper that gives a kernel object runs outside a kernel")
    }
    return .returned
  }

  // MARK: Arguments

  /// The region of the map an address is, or nil where it is none.
  private func mapArgument(_ address: UInt64) -> Int? {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    guard address & GuestAddress.offsetMask == 0, number < regionCount,
      unsafe regions[number].kind == .map
    else { return nil }
    return number
  }

  /// The host's form of an argument, or nil with ``failure`` set.
  ///
  /// - Parameters:
  ///   - map: the region of the map among the arguments before, or 0.
  ///   - size: the argument after this one, which a memory argument is measured by.
  private func translate(
    _ value: UInt64, _ kind: HelperPrototype.ArgumentKind, map: Int, size: UInt64,
    helper: HelperID, argument: Int
  ) -> UInt64? {
    func memoryArgument(_ count: Int, isWrite: Bool) -> UInt64? {
      if let pointer = unsafe memory(value, count: count, isWrite: isWrite) {
        return UInt64(UInt(bitPattern: pointer))
      }
      if let reason = failure {
        failure = .invalidMemoryArgument(helper, argument: argument + 1, reason)
      }
      return nil
    }
    func refuse() -> UInt64? {
      failure = .invalidArgument(helper, argument: argument + 1, expected: kind)
      return nil
    }
    /// Memory measured by the next argument; none for size 0.
    func measured(isWrite: Bool) -> UInt64? {
      if size == 0 { return unsafe UInt64(UInt(bitPattern: scratch)) }
      guard size <= GuestAddress.offsetMask else { return refuse() }
      return memoryArgument(Int(size), isWrite: isWrite)
    }

    switch kind {
    case .anything, .anythingOrNothing, .sizeOrZero, .reservationSize: return value
    case .size: return value == 0 ? refuse() : value
    case .context:
      return value == contextArgument ? 0 : refuse()
    case .contextOrNull:
      return value == contextArgument || value == 0 ? 0 : refuse()
    case .map:
      guard map != 0 else { return refuse() }
      return unsafe UInt64(UInt(bitPattern: regions[map].base))
    case .mapKey:
      guard map != 0 else { return refuse() }
      return memoryArgument(unsafe Int(regions[map].stride), isWrite: false)
    case .mapValue:
      guard map != 0 else { return refuse() }
      return memoryArgument(unsafe Int(regions[map].valueSize), isWrite: false)
    case .uninitializedMapValue:
      guard map != 0 else { return refuse() }
      // A Bloom filter is asked for a value instead of asked to give one.
      let isQuestion = unsafe regions[map].index == MapKind.bloomFilter.rawValue
      return memoryArgument(unsafe Int(regions[map].valueSize), isWrite: !isQuestion)
    case .mapValueOrNull:
      guard map != 0 else { return refuse() }
      return value == 0
        ? 0 : memoryArgument(unsafe Int(regions[map].valueSize), isWrite: false)
    case .memory: return measured(isWrite: false)
    case .writableMemory: return measured(isWrite: true)
    case .memoryOrNull: return value == 0 ? (size == 0 ? 0 : refuse()) : measured(isWrite: false)
    case .writableMemoryOrNull:
      return value == 0 ? (size == 0 ? 0 : refuse()) : measured(isWrite: true)
    case .uninitializedMemory: return measured(isWrite: true)
    case .output(let size): return memoryArgument(size, isWrite: true)
    case .input(let size): return memoryArgument(size, isWrite: false)
    case .inputOutput(let size):
      guard memoryArgument(size, isWrite: false) != nil else { return nil }
      return memoryArgument(size, isWrite: true)
    case .reservedRecord:
      let number = Int(truncatingIfNeeded: value >> GuestAddress.offsetBits)
      guard value & GuestAddress.offsetMask == 0, number < regionCount,
        unsafe regions[number].kind == .record, unsafe regions[number].index == 0
      else { return refuse() }
      return unsafe UInt64(UInt(bitPattern: regions[number].base))
    // Read through the frame's `memoryReader`, which takes the program's addresses.
    case .constantString: return value
    case .function: return functionSlot(value).map(UInt64.init) ?? refuse()
    case .stackOrNull: return value == 0 || isStack(value) ? value : refuse()
    case .spinLock: return specialField(.spinLock, at: value) ?? refuse()
    case .dynptr(let use): return dynptrArgument(value, use) ?? refuse()
    case .timer: return specialField(.timer, at: value) ?? refuse()
    case .kernelObject:
      // Of the kernel's objects a process has one: what a `struct seq_file` is.
      let isText = helper == .seqPrintf || helper == .seqWrite
      return unsafe isText && frame.sequenceText?.address == value ? 0 : refuse()
    case .socketCommonOrNull, .socketOrNull, .kernelObjectOrNull:
      return value == 0 ? 0 : refuse()
    case .kernelPointerSlot, .socketCommon, .socket, .perCPUKernelObject: return refuse()
    }
  }

  /// What r1 is when a program starts: for `raw` the address of its memory.
  private var contextArgument: UInt64 {
    guard unsafe frame.layout == nil else {
      return GuestAddress.make(region: RegionNumber.context, offset: 0)
    }
    return unsafe frame.packet.count == 0
      ? 0 : GuestAddress.make(region: packetRegion, offset: 0)
  }

  private func invalid(
    _ helper: HelperID, _ argument: Int, _ expected: HelperPrototype.ArgumentKind
  ) -> CallResult {
    failure = .invalidArgument(helper, argument: argument + 1, expected: expected)
    return .failed
  }

  /// The slot of a function, or nil for what is no address of one.
  private func functionSlot(_ address: UInt64) -> Int? {
    let offset = address & GuestAddress.offsetMask
    guard address >> GuestAddress.offsetBits == UInt64(RegionNumber.function),
      offset < UInt64(code.program.slots.count)
    else { return nil }
    return Int(offset)
  }

  /// The host's address of a special field that a program points at, or nil for what is none of that kind.
  private func specialField(_ kind: MapSpec.SpecialField.Kind, at address: UInt64) -> UInt64? {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    guard number < regionCount, unsafe regions[number].kind == .mapValues,
      unsafe regions[number].hasSpecialFields, unsafe offset < regions[number].total,
      let fields = map(at: number - 1)?.spec.specialFields
    else { return nil }
    let within = unsafe Int(offset % regions[number].stride)
    guard fields.contains(.init(kind, offset: within)) else { return nil }
    return unsafe UInt64(UInt(bitPattern: regions[number].base)) + offset
  }

  /// Whether an address is of the stack of a function that runs.
  private func isStack(_ address: UInt64) -> Bool {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    return unsafe number < regionCount && regions[number].stackBytes > 0
  }

  // MARK: Results

  /// The guest address of a value that a map's lookup returned, or of a map that a map of maps' did.
  private func guestAddress(ofValue host: UInt64, map number: Int) -> UInt64 {
    guard host != 0 else { return 0 }
    let kind = unsafe regions[number].index
    if kind == MapKind.arrayOfMaps.rawValue || kind == MapKind.hashOfMaps.rawValue {
      return guestAddress(ofInnerMap: host)
    }
    let base = unsafe UInt64(UInt(bitPattern: regions[number + 1].base))
    return GuestAddress.make(region: number + 1, offset: host - base)
  }

  private func tooManyRecords() -> CallResult {
    failure = .tooManyRecords(RegionNumber.firstArgument - RegionNumber.firstDynamic)
    return .failed
  }

  /// Makes a reserved record accessible; 0 where none was reserved, nil where the program holds too many.
  func adoptRecord(_ host: UInt64, size: UInt64) -> UInt64? {
    guard let base = unsafe UnsafeMutableRawPointer(bitPattern: UInt(host)) else { return 0 }
    guard let number = makeRegion() else { return nil }
    // SAFETY: the ring buffer reserved `size` bytes at `base`, until the record is released.
    unsafe regions[number] = Region(
      base: base, readable: size, writable: size, kind: .record, valueSize: size)
    liveRecords += 1
    return GuestAddress.make(region: number, offset: 0)
  }

  /// Makes a submitted or discarded record inaccessible.
  func releaseRecord(_ address: UInt64) {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    unsafe regions[number] = .empty(.releasedRecord)
    retired.append(number)
    liveRecords -= 1
  }

  /// Gives back what the program kept: its lock, the rings it drained, its records, and the programs it called.
  func end() {
    abandonDrains()
    if let lock = unsafe heldLock {
      unsafe ValueLock.release(lock)
      unsafe heldLock = nil
    }
    if liveRecords > 0 { discardRecords() }
    // The last first: an array may be of a program that only the array before it keeps.
    while let pin = unsafe pinned.popLast() {
      unsafe pin.table._withUnsafeGuaranteedRef { unsafe $0.unpin(worker: pin.worker) }
    }
  }

  /// Discards what the program reserved and never released, so that the ring buffer goes on.
  private func discardRecords() {
    for number in RegionNumber.firstDynamic..<nextDynamic
    where unsafe regions[number].kind == .record {
      unsafe _ = frame.callHelper(
        .ringBufferDiscard, UInt64(UInt(bitPattern: regions[number].base)), 0, 0, 0, 0)
      releaseRecord(GuestAddress.make(region: number, offset: 0))
    }
  }

  // MARK: Helpers that are control flow

  /// Runs a helper that no body shared with other engines can: it changes which instruction comes next.
  private func runOwnHelper(
    _ id: HelperID, _ arguments: (UInt64, UInt64, UInt64, UInt64, UInt64), map: Int
  ) -> CallResult {
    switch id {
    case .tailCall:
      guard callbacks.isEmpty else {
        failure = .notAllowedInCallback(id)
        return .failed
      }
      let isReplaced = unsafe Unmanaged<Map>.fromOpaque(regions[map].base)
        ._withUnsafeGuaranteedRef { tailCall($0, index: UInt32(truncatingIfNeeded: arguments.2)) }
      if isReplaced { return .replaced }
      if failure != nil { return .failed }
      initialized &= ~0b11_1111
      return .returned
    case .loop:
      return loop(
        count: UInt32(truncatingIfNeeded: arguments.0), entry: Int(arguments.1),
        context: arguments.2, flags: arguments.3)
    case .forEachMapElement:
      return forEachElement(
        ofMap: map, entry: Int(arguments.1), context: arguments.2, flags: arguments.3)
    case .userRingBufferDrain:
      return drainSamples(
        ofMap: map, entry: Int(arguments.1), context: arguments.2, flags: arguments.3)
    case .timerInit, .timerSetCallback, .timerStart, .timerCancel:
      return runTimerHelper(id, arguments, map: map)
    default: preconditionFailure("the engine's own helpers are those that change control flow")
    }
  }

  // MARK: Tail calls

  /// Puts the program in a slot of a program array in place of the running one; false where there is none, or 33
  /// tail calls were made, or with ``failure`` set where another engine runs it.
  private func tailCall(_ map: Map, index: UInt32) -> Bool {
    guard tailCalls < Self.maximumTailCalls, case .programs(let table) = unsafe map.path else {
      return false
    }
    if unsafe !pinned.contains(where: { unsafe $0.table.toOpaque() == table.toOpaque() }) {
      unsafe table._withUnsafeGuaranteedRef { unsafe $0.pin(worker: frame.worker) }
      unsafe pinned.append((table, frame.worker))
    }
    // SAFETY: the table is pinned, and with it what it holds, until the run ends.
    switch unsafe table._withUnsafeGuaranteedRef({ unsafe $0.code(at: index) }) {
    case nil: return false
    case .bound, .compiled:
      failure = .tailCallToOtherEngine
      return false
    case .checked(let target):
      tailCalls += 1
      switchCode(to: target)
      enterProgram()
      return true
    }
  }
}
