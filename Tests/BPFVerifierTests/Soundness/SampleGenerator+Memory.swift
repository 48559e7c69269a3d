import BPFISA
import BPFPlatform

// Stack, packets, map values.
extension SampleGenerator {
  // MARK: Stack

  /// Stores something on the stack.
  mutating func spill() {
    let slot = 1 + random.below(6)
    if random.once(in: 3) {
      // A part of a slot.
      let size = random.pick([MemorySize.byte, .half, .word])
      let byte = random.below(8 / size.byteCount) * size.byteCount
      let source: Operand =
        random.once(in: 2) ? .immediate(random.immediate()) : .register(number())
      emit(.store(size, base: .r10, offset: Int16(-8 * slot + byte), source: source))
      stack[slot] = .number
      return
    }
    if random.once(in: 3) {
      emit(
        .store(
          .double, base: .r10, offset: Int16(-8 * slot), source: .immediate(random.immediate())))
      stack[slot] = .number
      return
    }
    let candidates = (Self.scratch + [.r6]).filter { holding($0) != .nothing }
    let source = candidates.isEmpty ? number() : random.pick(candidates)
    emit(.store(.double, base: .r10, offset: Int16(-8 * slot), source: .register(source)))
    stack[slot] = holding(source)
  }

  /// Loads something from the stack.
  mutating func fill() {
    let slot = 1 + random.below(6)
    if stack[slot] == .nothing {
      emit(.store(.double, base: .r10, offset: Int16(-8 * slot), source: .immediate(7)))
      stack[slot] = .number
    }
    let destination = anyRegister()
    if stack[slot].isNumber, random.once(in: 2) {
      let size = random.pick(MemorySize.allCases)
      let byte = random.below(8 / size.byteCount) * size.byteCount
      emit(
        .load(
          size, signExtended: size != .double && random.once(in: 2), destination: destination,
          base: .r10, offset: Int16(-8 * slot + byte)))
      set(destination, .number)
    } else {
      emit(
        .load(
          .double, signExtended: false, destination: destination, base: .r10,
          offset: Int16(-8 * slot)))
      set(destination, stack[slot])
    }
  }

  /// Makes 16 bytes of stack hold numbers, and a register lead to them.
  mutating func pointToStack(_ register: Register) {
    let slot = 2 + random.below(4)
    for word in [slot, slot - 1] where !stack[word].isNumber {
      emit(
        .store(
          .double, base: .r10, offset: Int16(-8 * word), source: .immediate(random.immediate())))
    }
    stack[slot] = .number
    stack[slot - 1] = .number
    move(register, .r10)
    add(register, Int32(-8 * slot))
    set(register, .stack)
  }

  /// Accesses the stack where a number says.
  mutating func offsetIntoStack() {
    let index = number(mayBeReserved: false)
    let bound = bind(index)
    guard bound <= 256 else { return }
    let pointer = anyRegister(except: [index])
    for word in 1...6 where !stack[word].isNumber {
      emit(.store(.double, base: .r10, offset: Int16(-8 * word), source: .immediate(0)))
      stack[word] = .number
    }
    move(pointer, .r10)
    let size = random.pick(MemorySize.allCases)
    let room = min(bound + size.byteCount, 512)
    add(pointer, Int32(-room + (isMistaken() ? 1 : 0)))
    emit(.arithmetic(.add, .bits64, destination: pointer, source: .register(index)))
    access(pointer, size, 0)
    set(pointer, .nothing)
    for word in 1...8 { stack[word] = stack[word] == .nothing ? .nothing : .number }
    set(index, .number)
  }

  // MARK: Bounds

  /// Makes a number be no more than a bound, or the function end.
  mutating func bind(_ register: Register) -> Int {
    let bound = random.pick([1, 3, 7, 8, 15, 16, 31, 40, 63])
    let limit = Int32(bound + (isMistaken() ? 1 : 0))
    let width: ArithmeticWidth = isMistaken() ? .bits32 : .bits64
    switch random.below(9) {
    case 0: jump(.greater, width, register, .immediate(limit), to: out)
    case 1: jump(.greaterOrEqual, width, register, .immediate(limit + 1), to: out)
    case 2:
      let mask = Int32(bound & (bound + 1) == 0 ? limit : 7)
      emit(.arithmetic(.and, width, destination: register, source: .immediate(mask)))
      set(register, .bounded(bound))
      return bound & (bound + 1) == 0 ? bound : 7
    case 3:
      emit(.arithmetic(.modulo, width, destination: register, source: .immediate(limit + 1)))
    case 4:
      if !isMistaken() { jump(.signedLess, width, register, .immediate(0), to: out) }
      jump(.signedGreater, width, register, .immediate(limit), to: out)
    case 5:
      // The number compared is a copy of it, or one that is so far from it.
      let copy = anyRegister(except: [register])
      move(copy, register)
      let distance = Int32(random.below(3))
      if distance > 0, random.once(in: 2) { add(copy, distance) }
      let isMoved =
        items.last.map { $0.instruction.isAddition } ?? false
      jump(.greater, .bits64, copy, .immediate(limit + (isMoved ? distance : 0)), to: out)
      if isMoved { jump(.less, .bits64, copy, .immediate(distance), to: out) }
    case 6:
      emit(
        .arithmetic(
          .shiftRight, .bits64, destination: register, source: .immediate(isMistaken() ? 57 : 58)))
      set(register, .bounded(63))
      return 63
    case 7:
      let other = anyRegister(except: [register])
      move(other, limit)
      jump(.less, width, other, .register(register), to: out)
    case _:
      // A half that is compared, then taken alone.
      emit(
        .arithmetic(.move, .bits32, destination: register, source: .register(register)))
      jump(
        .greater, random.pick(ArithmeticWidth.allCases), register, .immediate(limit), to: out)
    }
    set(register, .bounded(bound))
    return bound
  }

  /// Loads, stores or changes memory of which the right number of bytes is there.
  mutating func access(_ pointer: Register, _ size: MemorySize, _ offset: Int) {
    let offset = Int16(truncatingIfNeeded: offset)
    switch random.below(3) {
    case 0:
      let source: Operand =
        random.once(in: 2) ? .immediate(random.immediate()) : .register(number(except: [pointer]))
      emit(.store(size, base: pointer, offset: offset, source: source))
    case _:
      let destination = anyRegister(except: [pointer])
      emit(
        .load(
          size, signExtended: size != .double && random.once(in: 4), destination: destination,
          base: pointer, offset: offset))
      set(destination, .number)
    }
  }

  mutating func offsetIntoGlobal() {
    let index = number(mayBeReserved: false)
    let bound = bind(index)
    let size = random.pick(MemorySize.allCases)
    let pointer = anyRegister(except: [index])
    let room = SampleProgram.globalSize - bound - size.byteCount
    guard room >= 0 else { return }
    let start = random.below(room + 1)
    emit(
      .loadWide(
        destination: pointer,
        .mapIndexValue(SampleProgram.Place.global, offset: Int32(start))))
    if random.once(in: 4) {
      // From behind.
      add(pointer, Int32(bound))
      emit(.arithmetic(.subtract, .bits64, destination: pointer, source: .register(index)))
    } else {
      emit(.arithmetic(.add, .bits64, destination: pointer, source: .register(index)))
    }
    set(pointer, .stack)
    let slack = random.pick([0, room - start, random.below(room - start + 1)])
    access(pointer, size, slack + (isMistaken() ? 1 : 0))
    set(pointer, .nothing)
  }

  // MARK: Packets

  mutating func packet() {
    guard type != .socketFilter, !isInFunction else { return offsetIntoGlobal() }
    let data = anyRegister()
    let end = anyRegister(except: [data])
    let probe = anyRegister(except: [data, end])
    let start: Int16 = type == .xdp ? 0 : 76
    if type == .raw {
      move(data, .r6)
      move(end, .r6)
      emit(.arithmetic(.add, .bits64, destination: end, source: .register(.r9)))
    } else {
      emit(.load(.word, signExtended: false, destination: data, base: .r6, offset: start))
      emit(.load(.word, signExtended: false, destination: end, base: .r6, offset: start + 4))
    }
    set(data, .packet(0))
    set(end, .packetEnd)
    if random.once(in: 3) {
      let index = number(except: [data, end], mayBeReserved: false)
      _ = bind(index)
      emit(.arithmetic(.add, .bits64, destination: data, source: .register(index)))
      set(index, .number)
    }
    let count = 1 + random.below(24)
    if type == .raw, random.once(in: 3) {
      jump(
        .less, isMistaken() ? .bits32 : .bits64, .r9, .immediate(Int32(count)), to: out)
    } else {
      move(probe, data)
      add(probe, Int32(count))
      switch random.below(8) {
      case 0, 1: jump(.greater, .bits64, probe, .register(end), to: out)
      case 2, 3: jump(.less, .bits64, end, .register(probe), to: out)
      case 4: jump(.greaterOrEqual, .bits64, probe, .register(end), to: out)
      case 5: jump(.lessOrEqual, .bits64, end, .register(probe), to: out)
      case 6:
        let inside = newLabel()
        jump(.lessOrEqual, .bits64, probe, .register(end), to: inside)
        emit(.jump(offset: 0), to: out)
        place(inside)
      case _:
        let inside = newLabel()
        jump(
          isMistaken() ? .greater : .greaterOrEqual, .bits64, end, .register(probe), to: inside)
        emit(.jump(offset: 0), to: out)
        place(inside)
      }
      set(probe, .nothing)
    }
    set(data, .packet(count))
    for _ in 0..<(1 + random.below(3)) {
      let size = random.pick(MemorySize.allCases)
      guard size.byteCount <= count else { continue }
      let offset = random.pick([count - size.byteCount, random.below(count - size.byteCount + 1)])
      access(data, size, offset + (isMistaken() ? 1 : 0))
      guard case .packet = holding(data) else { return }
    }
    if random.once(in: 6), type == .xdp || type == .schedCLS, mayCall { movePacket(data) }
  }

  /// Calls a helper that moves the packet.
  private mutating func movePacket(_ data: Register) {
    move(.r1, .r6)
    if type == .xdp {
      move(.r2, Int32(random.below(5)) * 4 - 8)
      call(.xdpAdjustHead)
    } else {
      move(.r2, Int32(random.below(40)))
      call(.skbPullData)
    }
    for register in 0...9 {
      switch held[register] {
      case .packet, .packetEnd: held[register] = isMistaken() ? held[register] : .nothing
      case .nothing, .number, .bounded, .context, .mapValue, .maybeMapValue, .stack: break
      }
    }
    for slot in stack.indices {
      switch stack[slot] {
      case .packet, .packetEnd: stack[slot] = .nothing
      case .nothing, .number, .bounded, .context, .mapValue, .maybeMapValue, .stack: break
      }
    }
    guard isMistaken(), data.rawValue > 5 else { return }
    emit(.load(.byte, signExtended: false, destination: .r0, base: data, offset: 0))
  }

  mutating func legacyLoad() {
    guard type != .xdp, !isInFunction, mayCall, nesting == 0 else { return arithmetic() }
    guard holding(.r6) == .context || type == .raw else { return }
    let size = random.pick([MemorySize.byte, .half, .word])
    if random.once(in: 2) {
      emit(.loadPacket(size, .absolute(Int32(random.below(40)))))
    } else {
      emit(.loadPacket(size, .indirect(number(), Int32(random.below(8)))))
    }
    for register in 1...5 { held[register] = .nothing }
    set(.r0, .number)
  }
}

extension Instruction {
  fileprivate var isAddition: Bool {
    if case .arithmetic(.add, .bits64, _, .immediate) = self { true } else { false }
  }
}
