import BPFISA

/// What is pending for each register: one place for each of the 16 numbers that an instruction's field can hold.
///
/// In memory of its own, since what changes with every instruction is not to be moved with what is around it.
@safe
struct PendingValues: ~Copyable {
  private let values: UnsafeMutablePointer<Pending>

  init() {
    unsafe values = .allocate(capacity: 16)
    unsafe values.initialize(repeating: Pending(.constant), count: 16)
  }

  deinit { unsafe values.deallocate() }

  // SAFETY: indices are less than 16.

  @inline(__always)
  subscript(register: Register) -> Pending {
    get { unsafe values[Int(register.rawValue & 15)] }
    nonmutating set { unsafe values[Int(register.rawValue & 15)] = newValue }
  }

  /// That of the lowest register in a set.
  @inline(__always)
  subscript(lowestOf registers: UInt16) -> Pending {
    unsafe values[registers.trailingZeroBitCount & 15]
  }
}
