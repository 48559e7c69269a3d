import BPFISA
import BPFPlatform

// Maps, checksums, records.
extension SampleGenerator {
  /// Makes a key on the stack, and a register lead to it.
  private mutating func key(_ register: Register, isWide: Bool) {
    let slot = 7
    if random.once(in: 2) {
      let value = Int32(random.below(5)) + (random.once(in: 20) ? 1000 : 0)
      emit(
        .store(
          isWide ? .double : .word, base: .r10, offset: Int16(-8 * slot),
          source: .immediate(value)))
    } else {
      let index = number()
      guard holding(index).isNumber else { return }
      emit(
        .store(
          isWide ? .double : .word, base: .r10, offset: Int16(-8 * slot), source: .register(index)))
    }
    stack[slot] = .number
    move(register, .r10)
    add(register, Int32(-8 * slot))
    set(register, .stack)
  }

  mutating func lookUp() {
    guard mayCall else { return arithmetic() }
    let isTable = random.once(in: 2)
    let size = isTable ? 16 : SampleProgram.valueSize
    key(.r2, isWide: isTable)
    emit(
      .loadWide(
        destination: .r1,
        .mapIndex(isTable ? SampleProgram.Place.table : SampleProgram.Place.values)))
    call(.mapLookupElement)
    var pointer = Register.r0
    if random.once(in: 2) {
      pointer = anyRegister(except: [.r0])
      move(pointer, .r0)
    }
    if !isMistaken() {
      // Of the register, of its copy, of a number that is 0, or both ways.
      let checked = random.once(in: 2) ? Register.r0 : pointer
      switch random.below(4) {
      case 0:
        let zero = anyRegister(except: [.r0, pointer])
        move(zero, isMistaken() ? 1 : 0)
        jump(.equal, .bits64, checked, .register(zero), to: out)
      case 1:
        let inside = newLabel()
        jump(.notEqual, isMistaken() ? .bits32 : .bits64, checked, .immediate(0), to: inside)
        emit(.jump(offset: 0), to: out)
        place(inside)
      case _: jump(.equal, isMistaken() ? .bits32 : .bits64, checked, .immediate(0), to: out)
      }
    }
    set(pointer, .mapValue(size: size))
    for _ in 0..<(1 + random.below(2)) {
      let width = random.pick(MemorySize.allCases)
      if random.once(in: 3), pointer != .r0 || random.once(in: 2) {
        let index = number(except: [pointer], mayBeReserved: false)
        guard case .mapValue = holding(pointer) else { return }
        let bound = bind(index)
        let room = size - bound - width.byteCount
        guard room >= 0, case .mapValue = holding(pointer) else { return }
        emit(.arithmetic(.add, .bits64, destination: pointer, source: .register(index)))
        access(pointer, width, random.below(room + 1) + (isMistaken() ? 1 : 0))
        set(pointer, .nothing)
        return
      }
      let offset = random.pick([size - width.byteCount, random.below(size - width.byteCount + 1)])
      access(pointer, width, offset + (isMistaken() ? 1 : 0))
      guard case .mapValue = holding(pointer) else { return }
    }
  }

  /// Changes a map.
  mutating func change() {
    guard mayCall else { return arithmetic() }
    if random.once(in: 3) {
      key(.r2, isWide: true)
      emit(.loadWide(destination: .r1, .mapIndex(SampleProgram.Place.table)))
      return call(.mapDeleteElement)
    }
    pointToStack(.r3)
    key(.r2, isWide: true)
    emit(.loadWide(destination: .r1, .mapIndex(SampleProgram.Place.table)))
    move(.r4, 0)
    guard holding(.r3) == .stack, holding(.r2) == .stack else { return }
    call(.mapUpdateElement)
  }

  mutating func checksum() {
    guard mayCall, type == .xdp || type == .schedCLS else { return arithmetic() }
    pointToStack(.r3)
    if random.once(in: 2) {
      move(.r4, Int32(4 * (1 + random.below(4)) + (isMistaken() ? 4 : 0)))
    } else {
      makeNumber(.r4)
      guard holding(.r3) == .stack else { return }
      emit(.arithmetic(.and, .bits64, destination: .r4, source: .immediate(isMistaken() ? 28 : 12)))
    }
    move(.r1, 0)
    move(.r2, 0)
    move(.r5, 0)
    guard holding(.r3) == .stack else { return }
    call(.checksumDifference)
  }

  mutating func atomic() {
    let operation = random.pick([
      AtomicOperation.add, .or, .and, .xor, .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange,
      .compareExchange,
    ])
    let pointer = anyRegister(except: [.r0])
    let size = random.pick([MemorySize.word, .double])
    var base = pointer
    var offset = Int16(8 * random.below(8))
    if random.once(in: 2) {
      let slot = 1 + random.below(6)
      if !stack[slot].isNumber {
        emit(
          .store(
            .double, base: .r10, offset: Int16(-8 * slot), source: .immediate(random.immediate())))
      }
      stack[slot] = .number
      base = .r10
      offset = Int16(-8 * slot + (size == .word ? 4 * random.below(2) : 0))
    } else {
      emit(
        .loadWide(destination: pointer, .mapIndexValue(SampleProgram.Place.global, offset: 0)))
      set(pointer, .stack)
      if isMistaken() { offset = 64 }
    }
    let source = number(except: [pointer], mayBeReserved: false)
    if !holding(.r0).isNumber {
      if reserved.contains(.r0) || pointer == .r0 { return }
      move(.r0, 3)
    }
    guard base == .r10 || holding(pointer) == .stack else { return }
    emit(.atomic(operation, size, base: base, offset: offset, source: source))
    set(source, .number)
    if base != .r10 { set(pointer, .nothing) }
  }

  /// Reserves a record, writes it and gives it back.
  mutating func record() {
    guard mayCall, nesting == 0 else { return arithmetic() }
    let size = random.pick([8, 16, 24])
    emit(.loadWide(destination: .r1, .mapIndex(SampleProgram.Place.ring)))
    move(.r2, Int32(size))
    move(.r3, 0)
    call(.ringBufferReserve)
    let after = newLabel()
    if !isMistaken() { jump(.equal, .bits64, .r0, .immediate(0), to: isMistaken() ? out : after) }
    let width = random.pick(MemorySize.allCases)
    let offset = random.pick([0, size - width.byteCount]) + (isMistaken() ? 1 : 0)
    emit(
      .store(
        width, base: .r0, offset: Int16(offset), source: .immediate(random.immediate())))
    if isMistaken() { jump(.greater, .bits64, .r10, .immediate(0), to: after) }
    let kept = Register.r8
    let keeps = !reserved.contains(kept) && random.once(in: 2)
    if keeps { move(kept, .r0) }
    move(.r1, .r0)
    move(.r2, 0)
    call(random.once(in: 2) ? .ringBufferSubmit : .ringBufferDiscard)
    if keeps, isMistaken() {
      emit(.load(.byte, signExtended: false, destination: .r0, base: kept, offset: 0))
    }
    if keeps { set(kept, .nothing) }
    place(after)
    for register in 0...5 { held[register] = .nothing }
  }
}
