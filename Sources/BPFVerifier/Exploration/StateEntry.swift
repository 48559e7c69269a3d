/// What a kept state has of a register or a stack slot.
struct StateEntry {
  var place: KeptPlace
  /// What the value in the entry's place has to be looked at for.
  var shape: Shape
  /// How many bytes of a register that was stored a stack slot has.
  var spillSize: UInt8
  /// Where the value is written (``Encoding``); 0 where there is none. Values that stay as they are from one state to the
  /// next are written once.
  var encoding: UInt32
  /// What the bytes of a stack slot are; of a register that is a constant number, that.
  var bytes: UInt64

  struct Shape: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    static let scalar = Shape(rawValue: 1)
    /// It has an identity, or something has to be released for it.
    static let identity = Shape(rawValue: 2)
    static let dynptr = Shape(rawValue: 4)
    /// A register that is a constant number and nothing more.
    static let constant = Shape(rawValue: 8)
  }

  static let none = StateEntry(
    place: .slot(0), shape: [], spillSize: 0, encoding: 0, bytes: 0)
}

/// A frame, a reference or the lock of a kept state: what is compared as it is, and an identity.
struct StateSpecial {
  var kind: Kind
  /// An identity; of a frame, how often the callback of the frame below has run: the more, the less often it was followed
  /// from there.
  var id: UInt32
  var word: UInt64

  enum Kind: UInt8 {
    /// How a frame came to run.
    case frame
    /// Something to release.
    case reference
    /// The lock held.
    case lock
  }
}
