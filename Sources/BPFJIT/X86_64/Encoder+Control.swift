// What goes elsewhere.
extension Encoder {
  mutating func returnToCaller() { code.append(0xc3, count: 1) }

  /// Stops what runs into it.
  mutating func trap() { code.append(0xcc, count: 1) }

  /// Waits until all loads before are done: nothing after it runs ahead of them.
  mutating func loadFence() { code.append(0xe8ae0f, count: 3) }

  mutating func call(_ register: GeneralRegister) { emit(0xff, wide: false, 2, register) }

  mutating func jump(_ register: GeneralRegister) { emit(0xff, wide: false, 4, register) }

  /// A call of which the distance is filled in later: the last 4 bytes.
  mutating func callNear() { code.append(0xe8, count: 5) }

  /// A call of what an address says that lies at a distance from the next instruction, filled in later: the last 4 bytes.
  mutating func callThroughTable() { code.append(0x15ff, count: 6) }

  /// The same, as a jump.
  mutating func jumpThroughTable() { code.append(0x25ff, count: 6) }

  /// Loads the address of what lies at a distance from the next instruction, filled in later: the last 4 bytes.
  mutating func loadCodeAddress(_ destination: GeneralRegister) {
    opcode(0x8d, wide: true, register: destination.rawValue, base: 0)
    code.append(UInt64((destination.rawValue & 7) << 3 | 5), count: 5)
  }

  /// A jump by a distance of 32 bits from the next instruction.
  mutating func jump(_ distance: Int32) {
    code.append(0xe9 | UInt64(UInt32(bitPattern: distance)) << 8, count: 5)
  }

  /// A jump by a distance of 8 bits.
  mutating func jumpShort(_ distance: Int8) {
    code.append(0xeb | UInt64(UInt8(bitPattern: distance)) << 8, count: 2)
  }

  mutating func jump(if condition: FlagCondition, _ distance: Int32) {
    code.append(
      0x0f | UInt64(0x80 | condition.rawValue) << 8 | UInt64(UInt32(bitPattern: distance)) << 16,
      count: 6)
  }

  mutating func jumpShort(if condition: FlagCondition, _ distance: Int8) {
    code.append(
      UInt64(0x70 | condition.rawValue) | UInt64(UInt8(bitPattern: distance)) << 8, count: 2)
  }
}
