import BPFISA
import BPFPlatform

// The instructions that the interpreter's loop leaves to the machine, because they are rare or slow anyway.
extension CheckedMachine {
  // MARK: Atomics (RFC 9669 section 5.3; load-acquire and store-release since Linux 6.15)

  /// Executes an atomic instruction; false with ``failure`` set where it may not access its memory.
  func executeAtomic(_ instruction: DecodedInstruction) -> Bool {
    let r = unsafe registers
    let destination = Int(instruction.destination)
    let source = Int(instruction.source)
    let isLoad = instruction.opcode == .loadAcquire
    let isPlain = isLoad || instruction.opcode == .storeRelease
    let size =
      isPlain ? Int(instruction.immediate) : instruction.opcode == .atomic64 ? 8 : 4
    let base = unsafe r[isLoad ? source : destination]
    let address = base &+ UInt64(bitPattern: Int64(instruction.offset))
    // A read-modify-write also reads: what it changes must hold something.
    if instruction.opcode != .storeRelease {
      guard unsafe memory(address, count: size, isWrite: false) != nil else { return false }
    }
    guard let pointer = unsafe memory(address, count: size, isWrite: !isLoad) else { return false }
    guard Int(bitPattern: pointer) % size == 0 else {
      failure = .misalignedAtomic(.init(address: address, size: size, isWrite: !isLoad))
      return false
    }
    // SAFETY: `pointer` addresses `size` bytes of a region, aligned to their size.
    if isLoad {
      unsafe r[destination] = AtomicAccess.load(pointer, size: size)
    } else if isPlain {
      unsafe AtomicAccess.store(r[source], pointer, size: size)
    } else {
      let number = UInt8(truncatingIfNeeded: instruction.immediate)
      guard let operation = AtomicOperation(rawValue: number) else {
        preconditionFailure("an atomic instruction is decoded with its operation")
      }
      unsafe AtomicAccess.modify(pointer, size: size, operation, source: r + source, r0: r)
    }
    return true
  }

  // MARK: Legacy packet loads (RFC 9669 section 5.5)

  enum PacketLoad {
    case value(UInt64)
    /// The packet has no such bytes: the program ends.
    case outside
    /// With ``CheckedMachine/failure`` set.
    case failed
  }

  func loadPacket(_ instruction: DecodedInstruction, isIndirect: Bool) -> PacketLoad {
    guard unsafe frame.type.loadsPacketsByLegacyInstructions else {
      failure = unsafe .packetLoadNotAllowed(frame.type)
      return .failed
    }
    let expected = GuestAddress.make(region: RegionNumber.context, offset: 0)
    if unsafe !isRaw && registers[6] != expected {
      failure = .packetLoadWithoutContext
      return .failed
    }
    var offset = Int(instruction.immediate)
    if isIndirect {
      // The kernel adds as 32-bit integers.
      let register = unsafe Int32(truncatingIfNeeded: registers[Int(instruction.source)])
      offset = Int(register &+ instruction.immediate)
    }
    guard let value = unsafe frame.packetInteger(at: offset, size: Int(instruction.destination))
    else {
      return .outside
    }
    return .value(value)
  }

  // MARK: Branches out of the program

  /// Where a branch that leaves the program leads, or nil if it is not taken.
  func strayTarget(at slot: Int) -> Int? {
    let instruction = code.program.instruction(at: slot)
    if case .jumpIf(let condition, let width, let left, let right, offset: _) = instruction {
      let first = unsafe registers[Int(left.rawValue)]
      let second =
        switch right {
        case .register(let register): unsafe registers[Int(register.rawValue)]
        case .immediate(let value): UInt64(bitPattern: Int64(value))
        }
      guard condition.holds(first, second, width) else { return nil }
    }
    guard let target = instruction.target(at: slot) else {
      preconditionFailure("only a branch leaves the program")
    }
    return target
  }
}

extension Condition {
  /// Whether the condition holds for two register values at a width.
  fileprivate func holds(_ left: UInt64, _ right: UInt64, _ width: ArithmeticWidth) -> Bool {
    let isWide = width == .bits64
    let first = isWide ? left : left & 0xffff_ffff
    let second = isWide ? right : right & 0xffff_ffff
    let signedFirst = isWide ? Int64(bitPattern: left) : Int64(Int32(truncatingIfNeeded: left))
    let signedSecond = isWide ? Int64(bitPattern: right) : Int64(Int32(truncatingIfNeeded: right))
    return switch self {
    case .equal: first == second
    case .notEqual: first != second
    case .greater: first > second
    case .greaterOrEqual: first >= second
    case .less: first < second
    case .lessOrEqual: first <= second
    case .bitsSet: first & second != 0
    case .signedGreater: signedFirst > signedSecond
    case .signedGreaterOrEqual: signedFirst >= signedSecond
    case .signedLess: signedFirst < signedSecond
    case .signedLessOrEqual: signedFirst <= signedSecond
    }
  }
}
