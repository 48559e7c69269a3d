import BPFISA
import BPFPlatform

// Branches, loops, functions and callbacks.
extension SampleGenerator {
  /// What holds on both of two ways.
  private mutating func merge(_ first: [Held], _ second: [Held]) -> [Held] {
    var result: [Held] = []
    for (one, other) in zip(first, second) {
      if one == other || isMistaken() {
        result.append(other)
      } else if one.isNumber, other.isNumber {
        result.append(.number)
      } else {
        result.append(.nothing)
      }
    }
    return result
  }

  /// A comparison of a number with another, or with a constant.
  private mutating func comparison() -> (Condition, ArithmeticWidth, Register, Operand) {
    let left = number()
    let right: Operand =
      random.once(in: 3) ? .register(number()) : .immediate(random.immediate())
    return (
      random.pick(Condition.allCases), random.pick(ArithmeticWidth.allCases),
      holding(left).isNumber ? left : .r10, right
    )
  }

  /// Does something only if a condition holds, and perhaps something else if not.
  mutating func branch() {
    guard nesting < 3 else { return arithmetic() }
    nesting += 1
    defer { nesting -= 1 }
    let otherwise = newLabel()
    let (condition, width, left, right) = comparison()
    jump(condition, width, left, right, to: otherwise)
    let before = (held, stack)
    for _ in 0..<(1 + random.below(2)) { fragment() }
    let first = (held, stack)
    if random.once(in: 2) {
      place(otherwise)
      held = merge(before.0, first.0)
      stack = merge(before.1, first.1)
      return
    }
    let after = newLabel()
    emit(.jump(offset: 0), to: after)
    place(otherwise)
    (held, stack) = before
    for _ in 0..<(1 + random.below(2)) { fragment() }
    place(after)
    held = merge(first.0, held)
    stack = merge(first.1, stack)
  }

  /// A loop with a bound.
  mutating func loop() {
    nesting += 1
    defer { nesting -= 1 }
    let counter = random.pick([Register.r7, .r8, .r9].filter { !reserved.contains($0) })
    if random.once(in: 3), !reserved.contains(counter) {
      makeNumber(counter)
      _ = bind(counter)
    } else {
      move(counter, Int32(random.below(4)))
    }
    reserved.insert(counter)
    // What changes in the loop is a number before it too.
    for register in Self.scratch where !reserved.contains(register) && random.once(in: 2) {
      if !holding(register).isNumber { move(register, random.immediate()) }
    }
    let top = newLabel()
    let before = (held, stack)
    place(top)
    for _ in 0..<(1 + random.below(2)) {
      switch random.below(6) {
      case 0: unary()
      case 1: spill()
      case 2: offsetIntoGlobal()
      case 3: branch()
      case _: arithmetic()
      }
    }
    if random.once(in: 3) {
      // Where the round's number says.
      let pointer = anyRegister(except: [counter])
      emit(
        .loadWide(
          destination: pointer, .mapIndexValue(SampleProgram.Place.global, offset: 0)))
      emit(.arithmetic(.add, .bits64, destination: pointer, source: .register(counter)))
      set(pointer, .nothing)
      let destination = anyRegister(except: [pointer, counter])
      emit(
        .load(.byte, signExtended: false, destination: destination, base: pointer, offset: 0))
      set(destination, .number)
    }
    reserved.remove(counter)
    let step = Int32(1 + random.below(3))
    add(counter, step)
    let limit = Int32(2 + random.below(12))
    jump(
      random.pick([.less, .signedLess, .lessOrEqual]), .bits64, counter, .immediate(limit), to: top)
    set(counter, .number)
    held = merge(before.0, held)
    stack = merge(before.1, stack)
  }

  // MARK: Functions

  mutating func callFunction() {
    guard mayCall, functions.count < 3, nesting < 3 else { return arithmetic() }
    let label = newLabel()
    pointToStack(.r1)
    let argument = number(except: [.r1])
    if argument != .r2 { move(.r2, argument) }
    emit(.call(.local(0)), to: label)
    functions.append(Function(label: label, kind: .plain))
    for register in 1...5 { held[register] = .nothing }
    for slot in stack.indices where stack[slot] != .nothing { stack[slot] = .number }
    set(.r0, .number)
  }

  mutating func callGlobalFunction() {
    guard mayCall, functions.count < 3, nesting < 3 else { return arithmetic() }
    let label = newLabel()
    let isNullable = random.once(in: 2)
    pointToStack(.r1)
    let argument = number(except: [.r1])
    guard holding(.r1) == .stack else { return }
    if argument != .r2 { move(.r2, argument) }
    if isNullable, random.once(in: 4) { move(.r1, 0) }
    emit(.call(.local(0)), to: label)
    functions.append(Function(label: label, kind: .global(isNullable: isNullable)))
    for register in 1...5 { held[register] = .nothing }
    for slot in stack.indices where stack[slot] != .nothing { stack[slot] = .number }
    set(.r0, .number)
  }

  /// A loop that `may_goto` ends, if nothing else does.
  mutating func loopForLong() {
    guard nesting == 0, !isInFunction else { return arithmetic() }
    nesting += 1
    defer { nesting -= 1 }
    let counter = random.pick([Register.r7, .r8, .r9].filter { !reserved.contains($0) })
    guard !reserved.contains(counter) else { return }
    move(counter, Int32(random.below(4)))
    reserved.insert(counter)
    let before = (held, stack)
    let (top, after) = (newLabel(), newLabel())
    place(top)
    emit(.mayGoto(offset: 0), to: after)
    for _ in 0..<(1 + random.below(2)) {
      switch random.below(4) {
      case 0: spill()
      case 1: offsetIntoGlobal()
      case _: arithmetic()
      }
    }
    reserved.remove(counter)
    add(counter, 1)
    jump(.greater, .bits64, counter, .immediate(Int32(random.below(30))), to: after)
    emit(.jump(offset: 0), to: top)
    place(after)
    if random.once(in: 3) {
      // What a round changed is not known.
      emit(
        .loadWide(destination: .r0, .mapIndexValue(SampleProgram.Place.global, offset: 0)))
      emit(.arithmetic(.add, .bits64, destination: .r0, source: .register(counter)))
      emit(.load(.byte, signExtended: false, destination: .r0, base: .r0, offset: 0))
    }
    held = merge(before.0, held)
    stack = merge(before.1, stack)
    set(counter, .number)
    if holding(.r0) != .context { set(.r0, .nothing) }
  }

  /// Calls a function for each element of a map.
  mutating func visitElements() {
    guard mayCall, functions.count < 3, nesting == 0 else { return arithmetic() }
    let label = newLabel()
    pointToStack(.r3)
    emit(.loadWide(destination: .r1, .mapIndex(SampleProgram.Place.table)))
    emit(.loadWide(destination: .r2, .function(0)), to: label)
    move(.r4, 0)
    functions.append(Function(label: label, kind: .element))
    call(.forEachMapElement)
    for slot in stack.indices where stack[slot] != .nothing { stack[slot] = .number }
  }

  mutating func repeatFunction() {
    guard mayCall, functions.count < 3, nesting == 0 else { return arithmetic() }
    let label = newLabel()
    let rounds = random.pick([0, 1, 2, 5, 9])
    if random.once(in: 3) {
      makeNumber(.r1)
      emit(.arithmetic(.and, .bits64, destination: .r1, source: .immediate(7)))
    } else {
      move(.r1, Int32(rounds))
    }
    emit(.loadWide(destination: .r2, .function(0)), to: label)
    pointToStack(.r3)
    move(.r4, 0)
    functions.append(Function(label: label, kind: .callback(8)))
    call(.loop)
    for slot in stack.indices where stack[slot] != .nothing { stack[slot] = .number }
  }

  /// Writes a function that was called.
  mutating func write(_ function: Function) {
    place(function.label)
    held = Array(repeating: .nothing, count: 11)
    stack = Array(repeating: .nothing, count: 9)
    reserved = [.r6, .r10]
    out = newLabel()
    isInFunction = true
    nesting = 2
    held[10] = .stack
    switch function.kind {
    case .plain:
      move(.r6, .r1)
      held[6] = .stack
      held[2] = .number
      body(.r6)
      finish(returning: random.once(in: 2) ? number() : nil)
    case .global(let isNullable):
      let memory = FunctionPrototype.Pointee(.structure("pair"), size: 16)
      globals[items.count] = FunctionPrototype(
        parameters: [
          .init(.pointer(memory), tags: isNullable ? [] : .nonNull), .init(.number),
        ], result: .number)
      move(.r6, .r1)
      held[6] = .stack
      held[2] = .number
      if isNullable, !isMistaken() {
        jump(.equal, .bits64, .r6, .immediate(0), to: out)
      }
      body(.r6)
      finish(returning: random.once(in: 2) ? number() : nil)
    case .element:
      move(.r6, .r4)
      held[6] = .stack
      let room = 16 + (isMistaken() ? 1 : 0)
      emit(
        .load(
          .double, signExtended: false, destination: .r5, base: .r3, offset: Int16(room - 8)))
      emit(.load(.double, signExtended: false, destination: .r4, base: .r2, offset: 0))
      held[4] = .number
      held[5] = .number
      if random.once(in: 2) {
        emit(.store(.double, base: .r3, offset: 8, source: .register(.r4)))
      }
      body(.r6)
      move(.r0, Int32(random.below(2)))
      emit(.exit)
      endEarly(returning: 1)
    case .callback(let rounds):
      move(.r6, .r2)
      held[6] = .stack
      held[1] = .number
      if random.once(in: 2) {
        let room = SampleProgram.globalSize - rounds
        emit(
          .loadWide(
            destination: .r3, .mapIndexValue(SampleProgram.Place.global, offset: Int32(room))))
        emit(.arithmetic(.add, .bits64, destination: .r3, source: .register(.r1)))
        emit(.load(.byte, signExtended: false, destination: .r4, base: .r3, offset: 0))
        held[4] = .number
      }
      body(.r6)
      let result = number()
      emit(.arithmetic(.move, .bits64, destination: .r0, source: .register(result)))
      emit(.arithmetic(.and, .bits64, destination: .r0, source: .immediate(isMistaken() ? 3 : 1)))
      emit(.exit)
      endEarly(returning: 1)
    }
  }

  /// What a function does with the caller's stack.
  private mutating func body(_ pointer: Register) {
    for _ in 0..<(1 + random.below(3)) {
      switch random.below(5) {
      case 0:
        let destination = anyRegister()
        emit(
          .load(
            random.pick(MemorySize.allCases), signExtended: false, destination: destination,
            base: pointer, offset: Int16(8 * random.below(2))))
        set(destination, .number)
      case 1:
        emit(
          .store(
            .double, base: pointer, offset: Int16(8 * random.below(2)),
            source: .register(isMistaken() ? .r10 : number())))
      case 2: arithmetic()
      case 3: offsetIntoGlobal()
      case _: fragment()
      }
    }
  }
}
