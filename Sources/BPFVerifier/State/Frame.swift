/// A function that is running, on the path that is followed.
struct Frame {
  /// Where the call is that made it; negative for the program itself.
  var callSite: Int32 = -1
  /// Which function of the program it is.
  var function: UInt16 = 0
  /// What made it run.
  var role: Role = .call
  /// How often its callback has run on this path.
  var callbackDepth: Int32 = 0
  /// The stack slots that hold something, a bit each; bit 63 is the one below `r10`.
  var occupied: UInt64 = 0

  enum Role: UInt8 {
    case call
    /// A callback that the helper runs until it returns 1, or often enough.
    case repeatedCallback
    /// A callback that runs later, by itself.
    case laterCallback
  }
}

/// Something the program has to release before it ends.
struct Reference: Hashable {
  var id: UInt32
  /// The slot where it was acquired.
  var slot: Int32
  /// The frame index in which it was: a callback has to release its own.
  var frame: Int32
}

/// The spin lock the program holds.
struct HeldLock: Hashable {
  /// The map, and which value of it.
  var map: Int32
  var id: UInt32
}
