import BPFISA
import BPFPlatform

/// What an access does.
enum AccessKind {
  case read
  case write
  /// Reads and writes at once.
  case atomic

  var isWrite: Bool { self != .read }
}

// Loads and stores (kernel: `check_mem_access`).
extension Explorer {
  mutating func load(
    _ size: MemorySize, _ isSigned: Bool, _ destination: Register, _ base: Register, _ offset: Int
  ) throws(Rejection.Problem) {
    let pointer = try read(base)
    let count = size.byteCount
    var result = Value.loaded(byteCount: count)
    switch pointer.kind {
    case .stack:
      try note(access: .stack)
      result = try loadStack(pointer, base, offset, count)
    case .context:
      try note(access: .context)
      result = try loadContext(pointer, base, offset, count, isSigned)
    case .mapValue:
      try checkMemory(pointer, base, offset, count, .read)
      if let constant = constantLoad(pointer, offset, count) {
        result = .constant(constant)
      }
    case .packet, .packetMetadata, .mapKey, .memory:
      try checkMemory(pointer, base, offset, count, .read)
    case .socket, .socketCommon, .tcpSocket:
      result = try loadSocket(pointer, base, offset, count)
    case .uninitialized, .scalar, .packetEnd, .map, .function, .dynptr:
      throw .notMemory(base, summary(of: pointer))
    }
    if isSigned, result.isScalar {
      let node = result.node
      result = .scalar(result.number.signExtended(fromBits: count * 8))
      result.node = node
    }
    try write(destination, result)
  }

  mutating func store(_ size: MemorySize, _ base: Register, _ offset: Int, _ source: Operand)
    throws(Rejection.Problem)
  {
    let pointer = try read(base)
    let value: Value
    switch source {
    case .register(let register):
      value = try read(register)
      if value.isPointer, pointer.kind != .stack, !options.isPrivileged {
        throw .pointerLeak(register)
      }
    case .immediate(let immediate): value = .constant(UInt64(bitPattern: Int64(immediate)))
    }
    let count = size.byteCount
    switch pointer.kind {
    case .stack:
      try note(access: .stack)
      try storeStack(pointer, base, offset, count, value, source)
    case .context:
      try note(access: .context)
      try checkContext(pointer, base, offset, count, isWrite: true)
    case .packet, .packetMetadata, .mapValue, .mapKey, .memory:
      try checkMemory(pointer, base, offset, count, .write)
    case .uninitialized, .scalar, .packetEnd, .map, .function, .socket, .socketCommon, .tcpSocket,
      .dynptr:
      throw .notMemory(base, summary(of: pointer))
    }
  }

  mutating func doAtomic(
    _ operation: AtomicOperation, _ size: MemorySize, _ base: Register, _ offset: Int,
    _ source: Register
  ) throws(Rejection.Problem) {
    let pointer = try read(base)
    let value = try read(source)
    if value.isPointer, !options.isPrivileged { throw .pointerLeak(source) }
    if operation == .compareExchange {
      let expected = try read(.r0)
      if expected.isPointer, !options.isPrivileged { throw .pointerLeak(.r0) }
    }
    try checkAtomicBase(base, offset, size)
    let count = size.byteCount
    // What was there before.
    var old = Value.loaded(byteCount: count)
    switch pointer.kind {
    case .stack:
      try note(access: .stack)
      let stored = try loadStack(pointer, base, offset, count)
      if stored.isPointer, !options.isPrivileged { throw .pointerLeak(base) }
      if stored.isScalar { old = stored }
      // What is there afterwards is some number.
      try storeStack(pointer, base, offset, count, .loaded(byteCount: count), nil)
    case .mapValue, .memory: try checkMemory(pointer, base, offset, count, .atomic)
    case .uninitialized, .scalar, .context, .packet, .packetMetadata, .packetEnd, .map, .mapKey,
      .function, .socket, .socketCommon, .tcpSocket, .dynptr:
      throw .atomicNotAllowed(base, summary(of: pointer))
    }
    switch operation {
    case .add, .or, .and, .xor: break
    case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange:
      try write(source, old)
    case .compareExchange: try write(.r0, old)
    }
  }

  /// What atomic operations are made on, aligned to their size.
  mutating func checkAtomicBase(_ base: Register, _ offset: Int, _ size: MemorySize)
    throws(Rejection.Problem)
  {
    let pointer = try read(base)
    switch pointer.kind {
    case .stack, .mapValue, .memory:
      try checkAlignment(pointer, base, offset, size.byteCount)
    case .uninitialized, .scalar, .context, .packet, .packetMetadata, .packetEnd, .map, .mapKey,
      .function, .socket, .socketCommon, .tcpSocket, .dynptr:
      throw .atomicNotAllowed(base, summary(of: pointer))
    }
  }

  /// Checks that an address is a multiple of a size, as far as offsets tell.
  func checkAlignment(_ pointer: Value, _ register: Register, _ offset: Int, _ size: Int)
    throws(Rejection.Problem)
  {
    let low = UInt64(size - 1)
    let constant = UInt64(bitPattern: Int64(pointer.offset) + Int64(offset))
    let sum = pointer.number.bits + Tnum(constant)
    guard sum.mask & low == 0, sum.value & low == 0 else {
      throw .misaligned(register, offset: Int64(pointer.offset) + Int64(offset), size: size)
    }
  }

  // MARK: Bounds

  /// Checks an access to memory that is no stack: packet, map value, key or other memory.
  mutating func checkMemory(
    _ pointer: Value, _ register: Register, _ offset: Int, _ size: Int, _ access: AccessKind,
    isArgument: Bool = false
  ) throws(Rejection.Problem) {
    guard !pointer.isNullable else { throw .nullablePointer(register, summary(of: pointer)) }
    if options.requiresAlignment, !isArgument {
      try checkAlignment(pointer, register, offset, size)
    }
    let kind: PointerKind
    switch pointer.kind {
    case .packet, .packetMetadata:
      kind = .packet
      try checkPacket(pointer, register, offset, size, access)
    case .mapValue:
      kind = .mapValue
      try checkMapValue(pointer, register, offset, size, access)
    case .mapKey:
      kind = .mapKey
      guard !access.isWrite else { throw .readOnly(register, summary(of: pointer)) }
      let range = try offsets(pointer, register, offset)
      let keySize = platform.maps[Int(pointer.object)].spec.keySize
      guard range.lowerBound >= 0, range.upperBound + Int64(size) <= Int64(keySize) else {
        throw .memoryBounds(register, size: keySize, offset: range, bytes: size)
      }
    case .memory:
      kind = .memory
      guard !access.isWrite || !pointer.flags.contains(.readOnly) else {
        throw .readOnly(register, summary(of: pointer))
      }
      let range = try offsets(pointer, register, offset)
      guard range.lowerBound >= 0, range.upperBound + Int64(size) <= Int64(pointer.object) else {
        throw .memoryBounds(register, size: Int(pointer.object), offset: range, bytes: size)
      }
    case .uninitialized, .scalar, .stack, .context, .packetEnd, .map, .function, .socket,
      .socketCommon, .tcpSocket, .dynptr:
      throw .notMemory(register, summary(of: pointer))
    }
    if !isArgument { try note(access: kind) }
  }

  /// The offsets a pointer may have, from the start of what it points to.
  private func offsets(_ pointer: Value, _ register: Register, _ offset: Int)
    throws(Rejection.Problem) -> ClosedRange<Int64>
  {
    let constant = Int64(pointer.offset) + Int64(offset)
    if pointer.hasConstantOffset { return constant...constant }
    let range = pointer.number.range
    let low = pointer.number.signedMinimum
    guard low > -VerifierLimits.variableOffset,
      range.maximum < UInt64(VerifierLimits.variableOffset)
        || pointer.number.signedMaximum < VerifierLimits.variableOffset
    else {
      throw .pointerUnbounded(register, low...pointer.number.signedMaximum)
    }
    return (constant + low)...(constant + pointer.number.signedMaximum)
  }

  private func checkPacket(
    _ pointer: Value, _ register: Register, _ offset: Int, _ size: Int, _ access: AccessKind
  ) throws(Rejection.Problem) {
    if access.isWrite {
      guard platform.type.writesPackets else { throw .packetWriteNotAllowed }
    }
    let constant = Int64(pointer.offset) + Int64(offset)
    guard pointer.number.signedMinimum >= 0, constant >= 0,
      constant + Int64(size) <= Int64(pointer.range)
    else {
      throw .packetBounds(
        register, offset: constant, bytes: size, proven: Int(max(pointer.range, 0)))
    }
  }

  private func checkMapValue(
    _ pointer: Value, _ register: Register, _ offset: Int, _ size: Int, _ access: AccessKind
  ) throws(Rejection.Problem) {
    let map = Int(pointer.object)
    if access != .write {
      guard platform.maps[map].isReadable else { throw .mapNotReadable(map) }
    }
    if access.isWrite {
      guard platform.maps[map].isWritable else { throw .mapNotWritable(map) }
    }
    let valueSize = platform.maps[map].valueSize
    let range = try offsets(pointer, register, offset)
    guard range.lowerBound >= 0, range.upperBound + Int64(size) <= Int64(valueSize)
    else {
      throw .mapValueBounds(map: map, size: valueSize, offset: range, bytes: size)
    }
    if platform.maps[map].special.isEmpty { return }
    for field in platform.maps[map].special {
      let start = Int64(field.offset)
      guard range.upperBound + Int64(size) > start,
        range.lowerBound < start + Int64(field.kind.size)
      else { continue }
      throw .specialField(map: map, field: field.kind, offset: field.offset)
    }
  }

  /// What a load from a value that nothing changes gives.
  private func constantLoad(_ pointer: Value, _ offset: Int, _ count: Int) -> UInt64? {
    guard pointer.hasConstantOffset, let bytes = platform.maps[Int(pointer.object)].constants else {
      return nil
    }
    let first = Int(pointer.offset) + offset
    guard first >= 0, first + count <= bytes.count else { return nil }
    var result: UInt64 = 0
    for index in (0..<count).reversed() { result = result << 8 | UInt64(bytes[first + index]) }
    return result
  }

  // MARK: Context

  private mutating func loadContext(
    _ pointer: Value, _ base: Register, _ offset: Int, _ size: Int, _ isSigned: Bool
  ) throws(Rejection.Problem) -> Value {
    let field = try checkContext(pointer, base, offset, size, isWrite: false)
    switch field.kind {
    case .scalar:
      return .loaded(byteCount: min(size, field.valueSize))
    case .packetStart, .packetEnd, .packetMetadataStart, .pointer:
      guard !isSigned else { throw .contextField(base, offset: offset, size: size, isWrite: false) }
      return pointerInContext(field)
    }
  }

  private mutating func pointerInContext(_ field: ContextLayout.Field) -> Value {
    switch field.kind {
    case .scalar: .scalar(.unknown)
    case .packetStart: .pointer(.packet)
    case .packetEnd: .pointer(.packetEnd)
    case .packetMetadataStart: .pointer(.packetMetadata)
    case .pointer(let target):
      target == "bpf_sock"
        ? .pointer(.socketCommon, flags: .nullable, id: newID())
        : .pointer(.memory, to: 0, flags: .readOnly)
    }
  }

  @discardableResult
  func checkContext(
    _ pointer: Value, _ base: Register, _ offset: Int, _ size: Int, isWrite: Bool
  ) throws(Rejection.Problem) -> ContextLayout.Field {
    guard let layout = platform.context else {
      throw .unsupported("the context of \(platform.type.name) programs")
    }
    guard !pointer.isNullable else {
      throw .nullablePointer(base, ValueSummary(.context, isNullable: true))
    }
    guard pointer.hasConstantOffset, pointer.offset == 0 else { throw .modifiedContext(base) }
    guard offset >= 0, let field = layout.field(at: offset),
      field.permits(offset: offset, size: size, isWrite: isWrite)
    else { throw .contextField(base, offset: offset, size: size, isWrite: isWrite) }
    return field
  }

  // MARK: Sockets

  private mutating func loadSocket(
    _ pointer: Value, _ base: Register, _ offset: Int, _ size: Int
  ) throws(Rejection.Problem) -> Value {
    guard !pointer.isNullable else { throw .nullablePointer(base, summary(of: pointer)) }
    let kind: PointerKind =
      pointer.kind == .tcpSocket ? .tcpSocket : pointer.kind == .socket ? .socket : .socketCommon
    let total = Int(pointer.offset) + offset
    guard pointer.hasConstantOffset, SocketFields.permit(kind, offset: total, size: size) else {
      throw .socketField(base, offset: total, size: size)
    }
    try note(access: kind)
    return .loaded(byteCount: size)
  }
}

/// What programs read of sockets (`struct bpf_sock` and `struct bpf_tcp_sock` in `linux/bpf.h`).
enum SocketFields {
  static func permit(_ kind: PointerKind, offset: Int, size: Int) -> Bool {
    guard offset >= 0, offset % size == 0 else { return false }
    switch kind {
    case .tcpSocket:
      // Two counters of bytes have 8 bytes, all else 4.
      let isLong = (80..<96).contains(offset)
      return size == (isLong ? 8 : 4) && offset + size <= 112
    case .socketCommon:
      // Type, protocol, mark and priority are those of full sockets.
      return permitSocket(offset, size) && !(8..<24).contains(offset)
    case .socket: return permitSocket(offset, size)
    case .stack, .context, .packet, .mapValue, .mapKey, .memory: return false
    }
  }

  private static func permitSocket(_ offset: Int, _ size: Int) -> Bool {
    guard offset + size <= 80 else { return false }
    // The port in network order has two bytes, and two that are zero.
    if offset >= 48, offset < 52 { return offset == 48 && size <= 4 || offset == 49 && size == 1 }
    return size <= 4
  }
}
