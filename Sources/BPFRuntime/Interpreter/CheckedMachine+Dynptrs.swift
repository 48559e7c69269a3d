import BPFPlatform

// Dynptrs: 16 bytes of stack that the program may not read. The stack's shadow marks them, and whoever writes one of them
// takes the mark away: what is marked throughout was written by helpers alone.
extension CheckedMachine {
  private static let dynptrSize = MemoryLayout<Dynptr>.size

  /// The host's address of a dynptr argument, or nil for what a helper cannot use so.
  func dynptrArgument(_ address: UInt64, _ use: HelperPrototype.DynptrUse) -> UInt64? {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    guard number < regionCount else { return nil }
    // SAFETY: the 16 bytes lie on a live stack, or are those of a callback's argument.
    let region = unsafe regions[number]
    if region.kind == .dynptr {
      switch use {
      case .reads, .writes: break
      case .makesLocal, .makesRecord, .releasesRecord: return nil
      }
      return unsafe offset == 0 ? UInt64(UInt(bitPattern: region.base)) : nil
    }
    guard region.kind == .stack, offset % 8 == 0,
      offset + UInt64(Self.dynptrSize) <= region.stackBytes
    else { return nil }
    let pointer = unsafe region.base + Int(offset)
    let isIntact = unsafe isMarked(pointer)
    switch use {
    case .makesLocal, .makesRecord:
      // Who overwrites the dynptr of a record could never release it.
      if isIntact, unsafe pointer.load(as: Dynptr.self).isOfRing { return nil }
      // The kernel too makes dynptrs of map values only; one of the stack could reach another dynptr.
      if use == .makesLocal, !isMapValue(unsafe registers[1]) { return nil }
      unsafe regions[number].isDirty = true
    case .reads, .writes:
      guard isIntact else { return nil }
    case .releasesRecord:
      guard isIntact, unsafe pointer.load(as: Dynptr.self).isOfRing else { return nil }
    }
    return UInt64(UInt(bitPattern: pointer))
  }

  /// Whether all bytes of a place on the stack are a dynptr's.
  @unsafe
  private func isMarked(_ pointer: UnsafeMutableRawPointer) -> Bool {
    let shadow = unsafe UnsafeRawBufferPointer(
      start: pointer + Self.shadowDistance, count: Self.dynptrSize)
    return unsafe shadow.allSatisfy { $0 == Self.dynptrMark }
  }

  @unsafe
  private func mark(_ pointer: UnsafeMutableRawPointer, _ mark: UInt8) {
    unsafe (pointer + Self.shadowDistance).initializeMemory(
      as: UInt8.self, repeating: mark, count: Self.dynptrSize)
  }

  private func isMapValue(_ address: UInt64) -> Bool {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    return unsafe number < regionCount && regions[number].kind == .mapValues
  }

  /// Takes over a dynptr that a helper made of the program's memory at an address.
  func adoptDynptr(_ host: UInt64, of address: UInt64) {
    guard let pointer = unsafe hostPointer(host) else { return }
    var dynptr = unsafe pointer.load(as: Dynptr.self)
    dynptr.region = UInt32(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    unsafe pointer.storeBytes(of: dynptr, as: Dynptr.self)
    unsafe mark(pointer, Self.dynptrMark)
  }

  /// Takes over a dynptr of a ring buffer's record, or a null one; false where the program holds too many records.
  func adoptRecordDynptr(_ host: UInt64) -> Bool {
    guard let pointer = unsafe hostPointer(host) else { return true }
    var dynptr = unsafe pointer.load(as: Dynptr.self)
    // A null one too has to be released.
    dynptr.isOfRing = true
    if dynptr.data != 0 {
      guard let record = adoptRecord(dynptr.data, size: dynptr.count) else {
        unsafe _ = frame.callHelper(.ringBufferDiscardDynptr, host, 0, 0, 0, 0)
        return false
      }
      let number = record >> GuestAddress.offsetBits
      unsafe regions[Int(number)].index = 1
      dynptr.region = UInt32(truncatingIfNeeded: number)
    } else {
      liveRecords += 1
    }
    unsafe pointer.storeBytes(of: dynptr, as: Dynptr.self)
    unsafe mark(pointer, Self.dynptrMark)
    return true
  }

  /// Makes a dynptr whose record was submitted or discarded unusable.
  func forgetDynptr(_ host: UInt64) {
    guard let pointer = unsafe hostPointer(host) else { return }
    let dynptr = unsafe pointer.load(as: Dynptr.self)
    if dynptr.data != 0 {
      releaseRecord(GuestAddress.make(region: Int(dynptr.region), offset: 0))
    } else {
      liveRecords -= 1
    }
    unsafe mark(pointer, 0)
  }

  /// The guest address of a piece of a dynptr's memory.
  func guestAddress(ofPiece host: UInt64, dynptr: UInt64) -> UInt64 {
    guard host != 0, let pointer = unsafe hostPointer(dynptr) else { return 0 }
    let number = unsafe Int(pointer.load(as: Dynptr.self).region)
    guard number < regionCount else { return 0 }
    let base = unsafe UInt64(UInt(bitPattern: regions[number].base))
    return GuestAddress.make(region: number, offset: (host &- base) & GuestAddress.offsetMask)
  }
}
