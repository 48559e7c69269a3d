import BPFISA
import BPFPlatform

/// Makes random programs of the kind that verifiers accept, and of the kind that is wrong by little.
///
/// It keeps a rough account of what each register holds. Where it makes a mistake (a bound off by one, a check that is
/// missing, a comparison of the wrong width), a verifier that accepts the program is wrong.
struct SampleGenerator {
  /// What a register or a stack slot holds.
  enum Held: Equatable {
    case nothing
    case number
    /// A number up to a bound, inclusive.
    case bounded(Int)
    case context
    /// How many bytes are known to be there.
    case packet(Int)
    case packetEnd
    case mapValue(size: Int)
    case maybeMapValue(size: Int)
    case stack

    var isNumber: Bool {
      switch self {
      case .number, .bounded: true
      case .nothing, .context, .packet, .packetEnd, .mapValue, .maybeMapValue, .stack: false
      }
    }
  }

  /// A function that is called, and is to be written after the program.
  struct Function {
    enum Kind {
      /// Takes a pointer to 16 bytes of stack and a number.
      case plain
      /// The same, of memory that may be null if it says so: it is verified by itself.
      case global(isNullable: Bool)
      /// Takes a round's number, below a bound, and a pointer to 16 bytes of stack.
      case callback(Int)
      /// Takes a map, a key of 8 bytes, a value of 16, and a pointer to 16 bytes of stack.
      case element
    }

    let label: Int
    let kind: Kind
  }

  var random: RandomSource
  let type: ProgramType
  var items: [SampleProgram.Item] = []
  /// Which item each label is, and the items that lead to it.
  var labels: [Int?] = []
  var uses: [(item: Int, label: Int)] = []
  var held = [Held](repeating: .nothing, count: 11)
  /// The stack slots, by their distance from the frame pointer in words, from 1.
  var stack = [Held](repeating: .nothing, count: 9)
  /// Registers that keep what they hold.
  var reserved: Set<Register> = [.r6, .r10]
  var functions: [Function] = []
  /// What the global functions are declared as, by the item they begin with.
  var globals: [Int: FunctionPrototype] = [:]
  /// Where the function that is written ends early.
  var out = 0
  var nesting = 0
  var isInFunction = false
  /// A mistake is made once in so many times.
  let mistakeRate: Int

  static let types: [ProgramType] = [.xdp, .schedCLS, .socketFilter, .raw]

  init(seed: UInt64) {
    random = RandomSource(seed: seed)
    type = random.pick(Self.types)
    mistakeRate = random.pick([8, 30, 1_000_000])
  }

  mutating func isMistaken() -> Bool { random.once(in: mistakeRate) }

  /// A random program.
  mutating func sample() -> SampleProgram {
    out = newLabel()
    emit(.arithmetic(.move, .bits64, destination: .r6, source: .register(.r1)))
    held[6] = .context
    if type == .raw {
      held[6] = .packet(0)
      emit(.arithmetic(.move, .bits64, destination: .r9, source: .register(.r2)))
      reserved.insert(.r9)
      held[9] = .number
    }
    held[10] = .stack
    for _ in 0..<(1 + random.below(8)) { fragment() }
    finish(returning: nil)
    while let function = functions.popLast() { write(function) }
    for use in uses { items[use.item].target = labels[use.label] }
    return SampleProgram(type: type, items: items, globals: globals)
  }

  // MARK: Emitting

  mutating func emit(_ instruction: Instruction) { items.append(.init(instruction: instruction)) }

  mutating func emit(_ instruction: Instruction, to label: Int) {
    uses.append((items.count, label))
    emit(instruction)
  }

  mutating func newLabel() -> Int {
    labels.append(nil)
    return labels.count - 1
  }

  mutating func place(_ label: Int) { labels[label] = items.count }

  mutating func move(_ destination: Register, _ value: Int32) {
    emit(.arithmetic(.move, .bits64, destination: destination, source: .immediate(value)))
    set(destination, .number)
  }

  mutating func move(_ destination: Register, _ source: Register) {
    emit(.arithmetic(.move, .bits64, destination: destination, source: .register(source)))
    set(destination, held[Int(source.rawValue)])
  }

  mutating func add(_ destination: Register, _ value: Int32) {
    emit(.arithmetic(.add, .bits64, destination: destination, source: .immediate(value)))
  }

  mutating func jump(
    _ condition: Condition, _ width: ArithmeticWidth, _ left: Register, _ right: Operand,
    to label: Int
  ) {
    emit(.jumpIf(condition, width, left, right, offset: 0), to: label)
  }

  mutating func set(_ register: Register, _ value: Held) { held[Int(register.rawValue)] = value }

  func holding(_ register: Register) -> Held { held[Int(register.rawValue)] }

  /// Ends a function.
  mutating func finish(returning register: Register?) {
    if let register {
      move(.r0, register)
      emit(.exit)
    } else if isInFunction || random.once(in: 2) || !holding(.r0).isNumber {
      if !holding(.r0).isNumber { move(.r0, random.immediate()) }
      emit(.exit)
    } else {
      emit(.exit)
    }
    endEarly(returning: 0)
  }

  /// Where a function is left early, if it is.
  mutating func endEarly(returning value: Int32) {
    guard uses.contains(where: { $0.label == out }) else { return }
    place(out)
    move(.r0, value)
    emit(.exit)
  }

  // MARK: Choosing

  static let scratch: [Register] = [.r0, .r2, .r3, .r4, .r5, .r7, .r8, .r9, .r1]

  /// A register that may be overwritten.
  mutating func anyRegister(except others: [Register] = []) -> Register {
    random.pick(Self.scratch.filter { !reserved.contains($0) && !others.contains($0) })
  }

  /// A register with a number in it.
  mutating func number(except others: [Register] = [], mayBeReserved: Bool = true) -> Register {
    let candidates = Self.scratch.filter {
      holding($0).isNumber && !others.contains($0) && (mayBeReserved || !reserved.contains($0))
    }
    if !candidates.isEmpty, !random.once(in: 5) { return random.pick(candidates) }
    let register = anyRegister(except: others)
    makeNumber(register)
    return register
  }

  /// Puts a number of which little is known into a register.
  mutating func makeNumber(_ register: Register) {
    switch random.below(6) {
    case 0: move(register, random.immediate())
    case 1:
      emit(.loadWide(destination: register, .value(random.next() >> UInt64(random.below(64)))))
    case 2 where !reserved.contains(.r0) && mayCall:
      call(.getRandomU32)
      if register != .r0 { move(register, .r0) }
    case 3 where holding(.r6) == .context:
      let offset: Int16 =
        type == .xdp ? random.pick([12, 16]) : random.pick([0, 4, 8, 16, 48, 56])
      emit(.load(.word, signExtended: false, destination: register, base: .r6, offset: offset))
    case _:
      emit(
        .loadWide(
          destination: register,
          .mapIndexValue(SampleProgram.Place.global, offset: 0)))
      let size = random.pick(MemorySize.allCases)
      let isSigned = size != .double && random.once(in: 3)
      emit(
        .load(
          size, signExtended: isSigned, destination: register, base: register,
          offset: Int16(random.below(8)) * 8))
    }
    set(register, .number)
  }

  /// Whether r0 to r5 may be lost here.
  var mayCall: Bool { reserved.isDisjoint(with: [.r0, .r1, .r2, .r3, .r4, .r5]) }

  mutating func call(_ helper: HelperID) {
    emit(.call(.helper(helper.rawValue)))
    for register in 1...5 { held[register] = .nothing }
    set(.r0, .number)
  }

  // MARK: Fragments

  mutating func fragment() {
    switch random.below(25) {
    case 0, 1, 2: arithmetic()
    case 3: unary()
    case 4, 5: spill()
    case 6: fill()
    case 7, 8: branch()
    case 9: if nesting < 2 { loop() } else { arithmetic() }
    case 10, 11: packet()
    case 12, 13, 14: offsetIntoGlobal()
    case 15: offsetIntoStack()
    case 16: lookUp()
    case 17: callFunction()
    case 18: atomic()
    case 19: change()
    case 20: if random.once(in: 2) { record() } else { legacyLoad() }
    case 21: if random.once(in: 2) { repeatFunction() } else { checksum() }
    case 22: callGlobalFunction()
    case 23: if random.once(in: 2) { localDynptr() } else { recordDynptr() }
    case _: if random.once(in: 2) { visitElements() } else { loopForLong() }
    }
  }

  mutating func arithmetic() {
    let destination = number(mayBeReserved: false)
    let operation = random.pick(ArithmeticOperation.allCases)
    let width = random.pick(ArithmeticWidth.allCases)
    let source: Operand =
      random.once(in: 2)
      ? .register(number(except: [])) : .immediate(random.immediate())
    guard holding(destination).isNumber || operation == .move else { return }
    if case .immediate(0) = source, operation != .move, operation != .add { return }
    var operand = source
    if case .immediate(let value) = source {
      switch operation {
      case .shiftLeft, .shiftRight, .arithmeticShiftRight:
        operand = .immediate(value & (width == .bits64 ? 63 : 31))
      case .add, .subtract, .multiply, .divide, .signedDivide, .or, .and, .modulo, .signedModulo,
        .xor, .move:
        break
      }
    }
    emit(.arithmetic(operation, width, destination: destination, source: operand))
    set(destination, .number)
  }

  mutating func unary() {
    let destination = number(mayBeReserved: false)
    let width = random.pick(ArithmeticWidth.allCases)
    switch random.below(3) {
    case 0: emit(.negate(width, destination: destination))
    case 1:
      emit(
        .byteSwap(
          random.pick(ByteSwap.allCases), random.pick(SwapWidth.allCases),
          destination: destination))
    case _:
      let sizes: [MemorySize] = width == .bits64 ? [.byte, .half, .word] : [.byte, .half]
      let source = number()
      emit(
        .moveSignExtended(
          width, from: random.pick(sizes), destination: destination, source: source))
    }
    set(destination, .number)
  }
}
