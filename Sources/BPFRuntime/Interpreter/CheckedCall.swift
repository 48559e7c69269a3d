import BPFPlatform

/// A helper's prototype as the checked interpreter reads it at every call: plain bits, so that reading it counts no
/// references (the prototype's own name and array cost more than a small helper does).
struct CheckedCall {
  typealias ArgumentKind = HelperPrototype.ArgumentKind

  let id: HelperID
  let argumentCount: Int
  private let kinds: (ArgumentKind, ArgumentKind, ArgumentKind, ArgumentKind, ArgumentKind)
  let result: HelperPrototype.ResultKind
  let invalidatesPacketPointers: Bool
  /// Whether this runtime runs the helper.
  let isImplemented: Bool
  /// Whether the helper is control flow, which the engine does itself.
  let isOfTheEngine: Bool
  private let programTypes: UInt64
  /// The program types in which its arguments are others.
  private let variantTypes: UInt64
  /// The kinds of map it works on, by number.
  private let mapKinds: UInt64

  /// Whether there is a helper of the number.
  var exists: Bool { argumentCount >= 0 }

  /// The entry of a number without a prototype.
  init() {
    id = HelperID(rawValue: 0)
    argumentCount = -1
    kinds = (.anything, .anything, .anything, .anything, .anything)
    result = .void
    invalidatesPacketPointers = false
    isImplemented = false
    isOfTheEngine = false
    programTypes = 0
    variantTypes = 0
    mapKinds = 0
  }

  /// The call of a helper of the host.
  init(ofHost prototype: HelperPrototype) {
    self.init(prototype, prototype.arguments, isOfHost: true)
  }

  /// - Parameter arguments: the prototype's, or its variant's.
  private init(
    _ prototype: HelperPrototype, _ arguments: [ArgumentKind], isOfHost: Bool = false
  ) {
    func kind(_ index: Int) -> ArgumentKind {
      index < arguments.count ? arguments[index] : .anything
    }
    id = prototype.id
    argumentCount = arguments.count
    kinds = (kind(0), kind(1), kind(2), kind(3), kind(4))
    result = prototype.result
    invalidatesPacketPointers = prototype.invalidatesPacketPointers
    isImplemented = isOfHost || ExecutionFrame.implementedHelpers.contains(prototype.id)
    isOfTheEngine = ExecutionFrame.controlFlowHelpers.contains(prototype.id)
    programTypes = ProgramType.allCases.filter(prototype.allowed).reduce(0) {
      $0 | Self.bit(of: $1)
    }
    variantTypes = prototype.variant?.programTypes.reduce(0) { $0 | Self.bit(of: $1) } ?? 0
    mapKinds = MapKind.allCases.filter(prototype.accepts).reduce(0) { $0 | 1 << $1.rawValue }
  }

  /// The call of a helper by programs whose type has a bit, or nil for one without a prototype.
  @inline(__always)
  static func to(_ number: Int32, in typeBit: UInt64) -> UnsafePointer<CheckedCall>? {
    // SAFETY: the table has two entries for every number below its count.
    let index = Int(number)
    guard index >= 0, index < count, unsafe table[index].argumentCount >= 0 else { return nil }
    let isVariant = unsafe table[index].variantTypes & typeBit != 0
    return unsafe UnsafePointer(table + (isVariant ? count + index : index))
  }

  func kind(_ index: Int) -> ArgumentKind {
    switch index {
    case 0: kinds.0
    case 1: kinds.1
    case 2: kinds.2
    case 3: kinds.3
    default: kinds.4
    }
  }

  /// Whether programs may make the call whose type has this bit.
  @inline(__always)
  func allowed(in typeBit: UInt64) -> Bool { programTypes & typeBit != 0 }

  /// Whether the helper works on maps of the kind with a number.
  @inline(__always)
  func accepts(mapKind number: Int32) -> Bool { mapKinds & 1 << UInt64(number) != 0 }

  /// The kernel's types by number; BPFKit's own, which start at 0x10000, in the upper half.
  static func bit(of type: ProgramType) -> UInt64 {
    1 << UInt64(type.rawValue < 0x10000 ? type.rawValue : type.rawValue - 0x10000 + 48)
  }

  private static let count = Int(HelperPrototype.all.last?.id.rawValue ?? -1) + 1

  /// An entry for every number, then one for its variant, never freed; one with an argument count below 0 where there is
  /// no prototype.
  nonisolated(unsafe) private static let table: UnsafeMutablePointer<CheckedCall> = {
    let table = UnsafeMutablePointer<CheckedCall>.allocate(capacity: 2 * count)
    unsafe table.initialize(repeating: CheckedCall(), count: 2 * count)
    for prototype in HelperPrototype.all {
      let index = Int(prototype.id.rawValue)
      unsafe table[index] = CheckedCall(prototype, prototype.arguments)
      guard let variant = prototype.variant else { continue }
      unsafe table[count + index] = CheckedCall(prototype, variant.arguments)
    }
    return unsafe table
  }()
}
