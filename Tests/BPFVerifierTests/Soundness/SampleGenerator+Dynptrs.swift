import BPFISA
import BPFPlatform

// Dynptrs, of a map's value and of records.
extension SampleGenerator {
  /// Where the dynptr lies: below what else the stack has.
  private static let place: Int32 = -96

  /// Makes a dynptr of a map's value, and uses it.
  mutating func localDynptr() {
    guard mayCall else { return arithmetic() }
    let size = random.pick([8, 16, 40])
    emit(.loadWide(destination: .r1, .mapIndexValue(SampleProgram.Place.global, offset: 0)))
    move(.r2, Int32(size + (isMistaken() ? SampleProgram.globalSize : 0)))
    move(.r3, 0)
    dynptr(.r4)
    call(.dynptrFromMemory)
    for _ in 0..<(1 + random.below(3)) { useDynptr(size) }
    if random.once(in: 3) {
      // Its bytes are for something else.
      emit(
        .store(
          .double, base: .r10, offset: Int16(Self.place) + Int16(8 * random.below(2)),
          source: .immediate(3)))
      if isMistaken() { useDynptr(size) }
    }
  }

  /// Reserves a record by a dynptr, uses it and gives it back.
  mutating func recordDynptr() {
    guard mayCall, nesting == 0 else { return arithmetic() }
    let size = random.pick([8, 16, 40])
    emit(.loadWide(destination: .r1, .mapIndex(SampleProgram.Place.ring)))
    move(.r2, Int32(size))
    move(.r3, 0)
    dynptr(.r4)
    call(.ringBufferReserveDynptr)
    let slice = Register.r8
    let keeps = !reserved.contains(slice) && random.once(in: 2)
    let after = newLabel()
    for _ in 0..<(1 + random.below(2)) { useDynptr(size) }
    if keeps {
      sliceOfDynptr(0, size: 8)
      move(slice, .r0)
      jump(.equal, .bits64, slice, .immediate(0), to: after)
      emit(.store(.byte, base: slice, offset: 7, source: .immediate(1)))
    }
    place(after)
    if !isMistaken() {
      dynptr(.r1)
      move(.r2, 0)
      call(random.once(in: 2) ? .ringBufferSubmitDynptr : .ringBufferDiscardDynptr)
    }
    if keeps, isMistaken() {
      emit(.store(.byte, base: slice, offset: 0, source: .immediate(2)))
    }
    if keeps { set(slice, .nothing) }
    for register in 0...5 { held[register] = .nothing }
    if isMistaken() { useDynptr(size) }
  }

  private mutating func dynptr(_ register: Register) {
    move(register, .r10)
    add(register, Self.place)
    set(register, .nothing)
  }

  private mutating func sliceOfDynptr(_ offset: Int, size: Int) {
    dynptr(.r1)
    move(.r2, Int32(offset))
    move(.r3, Int32(size))
    call(.dynptrData)
    set(.r0, .nothing)
  }

  /// Reads, writes or takes a slice of it.
  private mutating func useDynptr(_ size: Int) {
    let count = random.pick([1, 4, 8])
    let offset = random.below(size + 2 - count)
    switch random.below(3) {
    case 0:
      pointToStack(.r1)
      move(.r2, Int32(count))
      dynptr(.r3)
      move(.r4, Int32(offset))
      move(.r5, 0)
      guard holding(.r1) == .stack else { return }
      call(.dynptrRead)
    case 1:
      pointToStack(.r3)
      dynptr(.r1)
      move(.r2, Int32(offset))
      move(.r4, Int32(count))
      move(.r5, 0)
      guard holding(.r3) == .stack else { return }
      call(.dynptrWrite)
    case _:
      sliceOfDynptr(offset, size: count)
      let after = newLabel()
      if !isMistaken() { jump(.equal, .bits64, .r0, .immediate(0), to: after) }
      emit(
        .store(
          .byte, base: .r0, offset: Int16(count - 1 + (isMistaken() ? 1 : 0)),
          source: .immediate(random.immediate())))
      place(after)
    }
  }
}
