import BPFISA

/// What was found out about each instruction, over all paths: what passes and engines build on.
struct FactTable {
  private(set) var facts: [InstructionFacts]

  init(slotCount: Int) {
    facts = [InstructionFacts](repeating: InstructionFacts(), count: slotCount)
  }

  @inline(__always)
  mutating func reach(_ slot: Int) { facts[slot].reach() }

  /// Counts an instruction that only a processor that guesses wrong comes to.
  mutating func process(_ slot: Int) { facts[slot].processedCount &+= 1 }

  @inline(__always)
  mutating func access(_ slot: Int, _ kind: PointerKind) throws(Rejection.Problem) {
    let before = facts[slot].access
    if before == kind { return }
    if let guessed = facts[slot].guessedAccess, !guessed.isAccessedAlike(kind) {
      needBarrier(before: slot)
    }
    if let before {
      guard before.isAccessedAlike(kind) else { throw .differentPointers(before, kind) }
      facts[slot].access = before.isProgramMemory ? before : kind
    } else {
      facts[slot].access = kind
    }
  }

  /// Notes what an instruction accesses where a processor guesses wrong: it is converted as the program needs it.
  mutating func accessSpeculatively(_ slot: Int, _ kind: PointerKind) {
    if let before = facts[slot].access ?? facts[slot].guessedAccess {
      if !before.isAccessedAlike(kind) { needBarrier(before: slot) }
    } else {
      facts[slot].guessedAccess = kind
    }
  }

  // MARK: Speculation

  mutating func needBarrier(before slot: Int) {
    facts[slot].needsBarrier = true
    if case .move = facts[slot].detail { facts[slot].detail = .move(nil) }
  }

  mutating func needBarrier(after slot: Int) { facts[slot].needsBarrierAfter = true }

  /// Notes an addition or subtraction of a register.
  ///
  /// - Parameter mask: what the number has to be kept to; nil where it may be any.
  /// - Returns: whether it is kept to that: not where a barrier is there, as also where paths need different masks.
  mutating func move(_ slot: Int, by mask: PointerMask?) -> Bool {
    if facts[slot].needsBarrier { return false }
    guard case .move(let before) = facts[slot].detail else {
      facts[slot].detail = .move(mask)
      return true
    }
    if before == mask { return true }
    needBarrier(before: slot)
    return false
  }

  @inline(__always)
  mutating func branch(_ slot: Int, isTaken: Bool) {
    if isTaken { facts[slot].isTaken = true } else { facts[slot].isNotTaken = true }
  }

  mutating func call(_ slot: Int, map: Int?, key: UInt64?) {
    var (map, key) = (
      map.flatMap { Int32(exactly: $0) }, key.flatMap { UInt32(exactly: $0) }
    )
    if case .call(let oldMap, let oldKey) = facts[slot].detail {
      if oldMap != map { map = nil }
      if oldKey != key { key = nil }
    }
    facts[slot].detail = .call(map: map, key: key)
  }

  /// Notes a call of `bpf_loop`.
  ///
  /// - Parameter callback: where its callback starts, if it is called at all: not with flags that the helper refuses.
  mutating func loop(_ slot: Int, callback: Int?) {
    var callback = callback.flatMap { Int32(exactly: $0) }
    if case .loop(let old) = facts[slot].detail, old != callback { callback = nil }
    facts[slot].detail = .loop(callback: callback)
  }
}

/// What was found out about an instruction, over all paths to it.
public struct InstructionFacts: Hashable, Sendable {
  /// Whether any path reaches it.
  public internal(set) var isReached = false
  /// For a conditional jump: whether it is taken on some path.
  public internal(set) var isTaken = false
  /// For a conditional jump: whether it is not taken on some path.
  public internal(set) var isNotTaken = false
  /// What memory a load, a store or an atomic operation accesses.
  public internal(set) var access: PointerKind?
  /// Whether it must not run before all before it is settled: what a processor comes to it with where it guesses wrong may do harm.
  /// Branches to it need the barrier too.
  public internal(set) var needsBarrier = false
  /// Whether nothing after it may run before it is done: a load might find what it overwrites.
  public internal(set) var needsBarrierAfter = false
  /// What memory it accesses where a processor guesses wrong.
  var guessedAccess: PointerKind?
  /// How often it was processed.
  var processedCount: UInt32 = 0
  var detail: Detail = .none

  /// What is said of some instructions only. There is one of these for each slot: they are small.
  enum Detail: Hashable {
    case none
    case call(map: Int32?, key: UInt32?)
    case loop(callback: Int32?)
    /// An addition or a subtraction of a register.
    case move(PointerMask?)
  }

  /// For a call of a helper that takes a map: the map's index, if it is the same on all paths.
  public var map: Int? {
    if case .call(let map, _) = detail { map.map { Int($0) } } else { nil }
  }

  /// For a lookup in an array: the key, if it is the same number on all paths.
  public var constantKey: UInt64? {
    if case .call(_, let key) = detail { key.map { UInt64($0) } } else { nil }
  }

  /// For a call of `bpf_loop` without flags: the slot its callback starts at, if it is the same on all paths.
  public var callback: Int? {
    if case .loop(let callback) = detail { callback.map { Int($0) } } else { nil }
  }

  /// For an addition to a pointer or a subtraction from one, of a register: what the number is kept to where a processor guesses
  /// wrong.
  public var mask: PointerMask? {
    if case .move(let mask) = detail { mask } else { nil }
  }

  @inline(__always)
  mutating func reach() {
    isReached = true
    processedCount &+= 1
  }
}

/// What the number is kept to that a pointer is moved by, where a processor guesses wrong (kernel: `alu_limit`).
///
/// On all paths that the program takes the number is within the limit, so that a mask changes nothing there.
public struct PointerMask: Hashable, Sendable {
  public let limit: Limit
  /// Whether the number is in the destination, and the pointer in the source.
  public let isNumberInDestination: Bool

  public enum Limit: Hashable, Sendable {
    /// The number is this one.
    case exactly(Int32)
    /// It is from 0 to this one.
    case upTo(Int32)
    /// It is from this one, which is less than 0, to 0.
    case downTo(Int32)
  }
}

/// What kind of memory a pointer leads to.
@frozen
public enum PointerKind: Hashable, Sendable {
  case stack
  case context
  /// The packet's bytes, or the metadata before them.
  case packet
  case mapValue
  case mapKey
  /// Memory that a helper handed out, or a dynptr stands for.
  case memory
  /// A socket's fields, by the structure the program sees.
  case socket
  case socketCommon
  case tcpSocket

  /// Whether accesses are made as they are written, without conversion.
  public var isProgramMemory: Bool {
    switch self {
    case .stack, .packet, .mapValue, .mapKey, .memory: true
    case .context, .socket, .socketCommon, .tcpSocket: false
    }
  }

  /// Whether one instruction may access either on different paths.
  func isAccessedAlike(_ other: PointerKind) -> Bool {
    self == other || isProgramMemory && other.isProgramMemory
  }
}
