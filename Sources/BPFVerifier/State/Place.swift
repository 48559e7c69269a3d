/// Where a value is: a register of any frame, or a slot of any stack.
enum Place: Equatable {
  /// By index among all registers.
  case register(Int)
  /// By index among all slots.
  case slot(Int)
}

extension Explorer {
  subscript(place: Place) -> Value {
    get {
      switch place {
      case .register(let index): registers[index]
      case .slot(let index): stacks[index].value
      }
    }
    set {
      switch place {
      case .register(let index): registers[index] = newValue
      case .slot(let index): stacks[index].value = newValue
      }
    }
  }

  /// Calls a body with every register, and every slot a register was stored to, of all frames.
  @inline(__always)
  mutating func forEachValue(_ body: (inout Explorer, Place) -> Void) {
    for frame in 0...depth {
      let first = frame * Self.registerCount
      for index in first..<first + Self.registerCount - 1
      where registers[index].kind != .uninitialized {
        body(&self, .register(index))
      }
      var occupied = frames[frame].occupied
      while occupied != 0 {
        let place = occupied.trailingZeroBitCount
        occupied &= occupied &- 1
        let index = frame * Self.slotCount + place
        if stacks[index].isSpill { body(&self, .slot(index)) }
      }
    }
  }
}
