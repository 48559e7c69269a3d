/// Where a value is that a state was kept with: as ``Place``, in short.
struct KeptPlace: BitwiseCopyable {
  /// Slots first, then registers.
  private let number: UInt16

  private static let firstRegister = VerifierLimits.frames * Explorer.slotCount

  @inline(__always)
  private init(_ number: Int) { self.number = UInt16(truncatingIfNeeded: number) }

  /// By index among all slots.
  @inline(__always)
  static func slot(_ index: Int) -> KeptPlace { KeptPlace(index) }

  /// By index among all registers.
  @inline(__always)
  static func register(_ index: Int) -> KeptPlace { KeptPlace(firstRegister &+ index) }

  @inline(__always) var isSlot: Bool { number < UInt16(Self.firstRegister) }
  /// The index among all slots, or among all registers.
  @inline(__always) var index: Int {
    isSlot ? Int(number) : Int(number) &- Self.firstRegister
  }
}
