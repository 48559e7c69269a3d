/// The values that are needed at an instruction, of all frames: registers, then slots.
struct NeededPlaces {
  private var places: [NeededPlace]
  private var registerCount = 0
  private(set) var count = 0

  init() {
    places = Array(
      repeating: .slot(0),
      count: VerifierLimits.frames * (Explorer.registerCount + Explorer.slotCount))
  }

  @inline(__always) var registers: ArraySlice<NeededPlace> { places[..<registerCount] }
  @inline(__always) var slots: ArraySlice<NeededPlace> { places[registerCount..<count] }

  mutating func removeAll() {
    registerCount = 0
    count = 0
  }

  /// Adds a frame's registers. All frames' registers come before any slots.
  ///
  /// - Parameters:
  ///   - live: A bit for each that may be read again.
  ///   - counts: Counts the identities of numbers.
  mutating func addRegisters(
    of frame: Int, _ live: UInt16, _ registers: [Value], counting counts: inout IdentityCounts
  ) {
    var position = count
    var bits = live
    var places = places.mutableSpan
    let registers = registers.span
    while bits != 0 {
      let index = frame &* Explorer.registerCount &+ bits.trailingZeroBitCount
      bits &= bits &- 1
      let kind = registers[index].kind
      if kind == .uninitialized { continue }
      if kind == .scalar, registers[index].id != 0 { counts.add(registers[index].id) }
      places[position] = .register(index)
      position &+= 1
    }
    count = position
    registerCount = position
  }

  /// Adds a frame's slots.
  ///
  /// - Parameters:
  ///   - occupied: A bit for each that holds something.
  ///   - counts: Counts the identities of numbers.
  mutating func addSlots(
    of frame: Int, _ occupied: UInt64, _ stacks: [StackSlot], counting counts: inout IdentityCounts
  ) {
    var position = count
    var bits = occupied
    var places = places.mutableSpan
    let stacks = stacks.span
    while bits != 0 {
      let index = frame &* Explorer.slotCount &+ bits.trailingZeroBitCount
      bits &= bits &- 1
      if stacks[index].value.kind == .scalar, stacks[index].value.id != 0 {
        counts.add(stacks[index].value.id)
      }
      places[position] = .slot(index)
      position &+= 1
    }
    count = position
  }
}

/// Where a value is that is needed: as ``Place``, in short.
struct NeededPlace: BitwiseCopyable {
  /// Slots first, then registers.
  private let number: UInt16

  private static let firstRegister = VerifierLimits.frames * Explorer.slotCount

  @inline(__always)
  private init(_ number: Int) { self.number = UInt16(truncatingIfNeeded: number) }

  /// By index among all slots.
  @inline(__always)
  static func slot(_ index: Int) -> NeededPlace { NeededPlace(index) }

  /// By index among all registers.
  @inline(__always)
  static func register(_ index: Int) -> NeededPlace { NeededPlace(firstRegister &+ index) }

  @inline(__always) var isSlot: Bool { number < UInt16(Self.firstRegister) }
  /// The index among all slots, or among all registers.
  @inline(__always) var index: Int {
    isSlot ? Int(number) : Int(number) &- Self.firstRegister
  }
}
