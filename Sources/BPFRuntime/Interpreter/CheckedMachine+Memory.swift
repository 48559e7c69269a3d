import BPFPlatform

extension CheckedMachine {
  /// The host address of an access the fast path did not settle, or nil with ``failure`` set.
  ///
  /// For a context load of something not stored as the program sees it, the address of the value itself.
  /// A write to the stack marks its bytes as holding something.
  @inline(never)
  func resolve(_ address: UInt64, _ size: Int, isWrite: Bool) -> UnsafeMutableRawPointer? {
    let access = Fault.MemoryAccess(address: address, size: size, isWrite: isWrite)
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    guard number < regionCount else { return unsafe fail(.outOfBounds(access, .none)) }
    // SAFETY: `number` is less than the count of regions; the pointers returned lie inside the region, because
    // offset and size were compared with its bounds first.
    let region = unsafe regions + number
    let end = offset &+ UInt64(size)
    switch unsafe region.pointee.kind {
    case .stack:
      guard unsafe end <= region.pointee.stackBytes else { break }
      let bytes = unsafe region.pointee.base + Int(offset)
      let shadow = unsafe UnsafeMutableRawBufferPointer(
        start: bytes + Self.shadowDistance, count: size)
      if isWrite {
        unsafe region.pointee.isDirty = true
        unsafe shadow.initializeMemory(as: UInt8.self, repeating: 0xff)
      } else if let missing = unsafe shadow.firstIndex(where: { $0 != 0xff }) {
        if unsafe shadow[missing] == Self.dynptrMark {
          return unsafe fail(.dynptrAccess(access, offset: Int(offset) + missing - Self.stackSize))
        }
        return unsafe fail(
          .uninitializedStack(access, offset: Int(offset) + missing - Self.stackSize))
      }
      return unsafe bytes

    case .packet, .memory, .record, .sample, .mapKey:
      let isInside = unsafe max(region.pointee.readable, region.pointee.writable) >= end
      guard isInside else { break }
      guard unsafe (isWrite ? region.pointee.writable : region.pointee.readable) >= end else {
        return unsafe fail(.notPermitted(access, describe(number, offset)))
      }
      return unsafe region.pointee.base + Int(offset)

    case .mapValues:
      guard unsafe end <= region.pointee.total,
        unsafe offset % region.pointee.stride + UInt64(size) <= region.pointee.valueSize
      else { break }
      guard unsafe isWrite ? region.pointee.mayWrite : region.pointee.mayRead else {
        return unsafe fail(.notPermitted(access, describe(number, offset)))
      }
      if unsafe region.pointee.hasSpecialFields {
        let within = unsafe Int(offset % region.pointee.stride)
        if let kind = specialField(ofMap: number - 1, at: within..<within + size) {
          return unsafe fail(.specialField(access, kind, describe(number, offset)))
        }
      }
      return unsafe region.pointee.base + Int(offset)

    case .context:
      return unsafe resolveContext(access, signedOffset(offset))

    case .stalePacket:
      return unsafe fail(
        .stalePacketPointer(access, helper: HelperID(rawValue: unsafe region.pointee.index)))

    case .none, .map, .dynptr, .releasedRecord, .function: break
    }
    return unsafe fail(.outOfBounds(access, describe(number, offset)))
  }

  /// An access to the context, as its layout describes it.
  private func resolveContext(
    _ access: Fault.MemoryAccess, _ offset: Int
  ) -> UnsafeMutableRawPointer? {
    guard let table = code.context else {
      return unsafe fail(.outOfBounds(access, .context(offset: offset)))
    }
    guard let place = table.place(offset: offset, size: access.size, isWrite: access.isWrite) else {
      let name = offset >= 0 ? table.layout.field(at: offset)?.name : nil
      return unsafe fail(
        .contextAccess(access, structure: table.layout.name, field: name, offset: offset))
    }
    switch place.content {
    case .scalar:
      // SAFETY: the layout's fields lie inside the storage, which was allocated by its size.
      let target = place.storageOffset(of: offset, size: access.size)
      let bytes = unsafe frame.context.baseAddress.unsafelyUnwrapped + target
      if access.isWrite && place.isShort {
        shortWrite = ShortContextWrite(
          offset: target, old: unsafe bytes.loadUnaligned(as: UInt32.self),
          valueSize: place.valueSize, ignoresLargeValues: place.ignoresLargeValues)
      }
      return unsafe bytes
    case .packetStart: unsafe scratch.pointee = packetAddress(packet.start)
    case .packetEnd: unsafe scratch.pointee = packetAddress(packet.end)
    case .packetMetadataStart: unsafe scratch.pointee = packetAddress(packet.metadataStart)
    case .pointer: unsafe scratch.pointee = 0
    }
    return unsafe UnsafeMutableRawPointer(scratch)
  }

  /// Makes what a program wrote to a field of the context what the field can hold.
  @inline(never)
  func settleShortWrite() {
    guard let write = shortWrite else { return }
    shortWrite = nil
    // SAFETY: fields that hold less than their word are words of the context.
    let value = unsafe frame.context.load(fromByteOffset: write.offset, as: UInt32.self)
    let largest = UInt32(1) << UInt32(8 * write.valueSize) - 1
    let kept = write.ignoresLargeValues && value >= largest ? write.old : value & largest
    unsafe frame.context.storeBytes(of: kept, toByteOffset: write.offset, as: UInt32.self)
  }

  /// The host address of memory a helper is given, or nil with ``failure`` set.
  ///
  /// - Parameter count: the number of bytes; at least 1.
  func memory(
    _ address: UInt64, count: Int, isWrite: Bool
  ) -> UnsafeMutableRawPointer? {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    if unsafe number < regionCount && regions[number].kind == .context {
      let access = Fault.MemoryAccess(address: address, size: count, isWrite: isWrite)
      return unsafe fail(.notPermitted(access, describe(number, address & GuestAddress.offsetMask)))
    }
    return unsafe resolve(address, count, isWrite: isWrite)
  }

  /// The bytes at an address that may be read, up to a limit: fewer where the region ends, nil where none may be.
  ///
  /// Stack bytes that hold nothing, and what programs may not see of values and dynptrs, read as 0.
  func readableBytes(_ address: UInt64, limit: Int) -> [UInt8]? {
    let number = Int(truncatingIfNeeded: address >> GuestAddress.offsetBits)
    let offset = address & GuestAddress.offsetMask
    guard number < regionCount, limit > 0 else { return nil }
    // SAFETY: `available` bytes from the offset on are inside the region.
    let region = unsafe regions + number
    let end: UInt64
    switch unsafe region.pointee.kind {
    case .stack: end = unsafe region.pointee.stackBytes
    case .packet, .memory, .record, .sample, .mapKey: end = unsafe region.pointee.readable
    case .mapValues:
      guard unsafe region.pointee.mayRead, unsafe offset < region.pointee.total else { return nil }
      end = unsafe offset - offset % region.pointee.stride + region.pointee.valueSize
    case .none, .context, .stalePacket, .map, .dynptr, .releasedRecord, .function: return nil
    }
    guard offset < end else { return nil }
    let count = Int(min(end - offset, UInt64(limit)))
    let start = unsafe region.pointee.base + Int(offset)
    var bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    if unsafe region.pointee.kind == .stack {
      let shadow = unsafe UnsafeRawBufferPointer(start: start + Self.shadowDistance, count: count)
      for index in bytes.indices where unsafe shadow[index] != 0xff { bytes[index] = 0 }
    } else if unsafe region.pointee.hasSpecialFields {
      let within = unsafe Int(offset % region.pointee.stride)
      for index in bytes.indices
      where specialField(ofMap: number - 1, at: within + index..<within + index + 1) != nil {
        bytes[index] = 0
      }
    }
    return bytes
  }

  func fail(_ kind: Fault.Kind) -> UnsafeMutableRawPointer? {
    failure = kind
    return nil
  }

  // MARK: Describing

  /// An offset as pointer arithmetic made it: one before a region's start looks like a huge one of the region before.
  private func signedOffset(_ offset: UInt64) -> Int {
    Int(truncatingIfNeeded: Int64(bitPattern: offset << 24) >> 24)
  }

  /// What an address points at or near.
  private func describe(_ number: Int, _ rawOffset: UInt64) -> Fault.MemoryRegion {
    var number = number
    let offset = signedOffset(rawOffset)
    // A negative offset came from the next region by subtraction.
    if offset < 0, number + 1 < regionCount { number += 1 }
    guard number < regionCount else { return .none }
    let region = unsafe regions[number]
    switch region.kind {
    case .none: return .none
    case .stack:
      return unsafe region.stackBytes == 0
        ? .deadStack
        : .stack(frame: number - RegionNumber.firstStack, offset: offset - Self.stackSize)
    case .context: return .context(offset: offset)
    case .packet, .stalePacket:
      let metadata = packet.start - packet.metadataStart
      return .packet(offset: offset - metadata, length: packet.count)
    case .memory: return .memory(offset: offset, length: packet.count)
    case .map: return .map(mapName(number))
    case .mapKey: return .mapKey(offset: offset, size: Int(region.valueSize))
    case .mapValues:
      let stride = Int(region.stride)
      let isInside = offset >= 0 && offset < Int(region.total)
      let within = isInside && stride > 0 ? offset % stride : offset
      return .mapValue(
        map: mapName(number - 1), offset: within,
        size: Int(region.valueSize))
    case .dynptr: return .dynptr
    case .record: return .record(offset: offset, size: Int(region.valueSize))
    case .releasedRecord: return .releasedRecord
    case .sample: return .sample(offset: offset, size: Int(region.valueSize))
    case .function: return .function
    }
  }
}
