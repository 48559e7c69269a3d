/// Writes x86-64 instructions in their shortest forms. It knows nothing of BPF.
///
/// Opcodes and layouts are those of the Intel 64 manual, volume 2.
struct Encoder: ~Copyable {
  var code: CodeBuffer

  init(expecting bytes: Int) { code = CodeBuffer(expecting: bytes) }

  /// The table of opcodes that an opcode is in: the bytes before it.
  enum OpcodeMap {
    case one, two, three38

    @inline(__always)
    var bytes: (value: UInt64, count: Int) {
      switch self {
      case .one: (0, 0)
      case .two: (0x0f, 1)
      case .three38: (0x380f, 2)
      }
    }
  }

  /// What stands before an opcode besides a REX prefix.
  enum Prefix: UInt64 {
    case none = 0
    case operandSize = 0x66
    case lock = 0xf0
  }

  /// Writes prefixes and the opcode.
  ///
  /// - Parameters:
  ///   - register: the register of the `reg` field, `index` and `base` those of the other operand.
  ///   - needsREX: whether a register's lowest byte is meant that is reached only with a REX prefix.
  @inline(__always)
  mutating func opcode(
    _ opcode: UInt8, _ map: OpcodeMap = .one, _ prefix: Prefix = .none, wide: Bool,
    register: UInt8, index: UInt8 = 0, base: UInt8, needsREX: Bool = false
  ) {
    var word: UInt64 = 0
    var count = 0
    if prefix != .none {
      word = prefix.rawValue
      count = 1
    }
    let extensions =
      (wide ? 8 : 0) | (register >> 3) << 2 | (index >> 3) << 1 | base >> 3
    if extensions != 0 || needsREX {
      word |= UInt64(0x40 | extensions) << (8 &* count)
      count &+= 1
    }
    let (bytes, length) = map.bytes
    word |= bytes << (8 &* count)
    count &+= length
    word |= UInt64(opcode) << (8 &* count)
    code.append(word, count: count &+ 1)
  }

  /// An instruction whose other operand is a register.
  @inline(__always)
  mutating func emit(
    _ byte: UInt8, _ map: OpcodeMap = .one, _ prefix: Prefix = .none, wide: Bool,
    _ register: UInt8, _ other: GeneralRegister, needsREX: Bool = false
  ) {
    opcode(
      byte, map, prefix, wide: wide, register: register, base: other.rawValue, needsREX: needsREX)
    code.append(UInt64(0xc0 | (register & 7) << 3 | other.rawValue & 7), count: 1)
  }

  /// An instruction whose other operand is in memory.
  @inline(__always)
  mutating func emit(
    _ byte: UInt8, _ map: OpcodeMap = .one, _ prefix: Prefix = .none, wide: Bool,
    _ register: UInt8, _ address: Address, needsREX: Bool = false
  ) {
    opcode(
      byte, map, prefix, wide: wide, register: register, index: address.index?.rawValue ?? 0,
      base: address.base?.rawValue ?? 0, needsREX: needsREX)
    operand(register, address)
  }

  /// The bytes that say which register and which place in memory.
  mutating func operand(_ register: UInt8, _ address: Address) {
    let field = (register & 7) << 3
    let displacement = UInt64(UInt32(bitPattern: address.displacement))
    guard let base = address.base else {
      // No base: an index byte with base 5, and always 32 bits of displacement.
      let index = address.index.map { ($0.rawValue & 7) << 3 } ?? 4 << 3
      let scaled = UInt64(address.scale << 6 | index | 5)
      code.append(UInt64(field | 4) | scaled << 8 | displacement << 16, count: 6)
      return
    }
    let low = base.rawValue & 7
    let isByte = Int32(Int8(truncatingIfNeeded: address.displacement)) == address.displacement
    // rbp and r13 as base always have a displacement.
    let mode: UInt8 = address.displacement == 0 && low != 5 ? 0 : isByte ? 0x40 : 0x80
    let size = mode == 0 ? 0 : isByte ? 1 : 4
    if address.index == nil, low != 4 {
      code.append(UInt64(mode | field | low) | displacement << 8, count: 1 &+ size)
    } else {
      let index = address.index.map { ($0.rawValue & 7) << 3 } ?? 4 << 3
      let scaled = UInt64(address.scale << 6 | index | low)
      code.append(
        UInt64(mode | field | 4) | scaled << 8 | displacement << 16, count: 2 &+ size)
    }
  }

  @inline(__always)
  mutating func immediate(_ value: Int32, count: Int) {
    code.append(UInt64(UInt32(bitPattern: value)), count: count)
  }

  @inline(__always)
  static func isByte(_ value: Int32) -> Bool { Int32(Int8(truncatingIfNeeded: value)) == value }
}

extension GeneralRegister {
  /// Whether its lowest byte is reached only with a REX prefix: without it, the number is another register's.
  @inline(__always)
  var byteNeedsREX: Bool { rawValue >= 4 && rawValue < 8 }
}

extension OperandWidth {
  @inline(__always) var isWide: Bool { self == .bits64 }
}
