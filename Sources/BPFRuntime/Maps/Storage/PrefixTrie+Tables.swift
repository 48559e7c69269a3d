import Synchronization

// SAFETY (whole file): as for PrefixTrie; tables change only while the lock is held and the version is odd. A table's depth
// is a multiple of 8 less than the longest prefix, whatever a reader sees of it.

extension PrefixTrie {
  typealias SlotPointer = UnsafeMutablePointer<Atomic<UInt64>>

  @unsafe
  @inline(__always)
  private func table(_ number: UInt32) -> PrefixTable {
    unsafe PrefixTable(base: tables + (Int(number) &- 1) &* tableStride)
  }

  @unsafe
  @inline(__always)
  private func slots(_ table: PrefixTable) -> SlotPointer {
    unsafe (table.base + PrefixTable.slotsOffset(words: words))
      .assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  @unsafe
  @inline(__always)
  private func byte(_ key: UnsafeRawPointer, _ index: Int) -> Int {
    unsafe Int(key.load(fromByteOffset: 4 &+ index, as: UInt8.self))
  }

  /// The first 8 or 16 bits of a key's data.
  @unsafe
  @inline(__always)
  func rootIndex(_ key: UnsafeRawPointer) -> Int {
    unsafe rootBits == 8 ? byte(key, 0) : byte(key, 0) &<< 8 | byte(key, 1)
  }

  // MARK: Lookup

  /// The longest prefix of a key that is as long as keys can be.
  @unsafe
  @inline(__always)
  func findThroughTables(_ key: UnsafeRawPointer) -> UInt32 {
    var depth = rootBits
    var slot = unsafe PrefixTable.Slot(rootSlots[rootIndex(key)].load(ordering: .relaxed))
    var best = slot.best
    while slot.isTable {
      let table = unsafe table(slot.tableNumber)
      if slot.isSkipping {
        let next = unsafe table.depth
        // Tables change meanwhile: what is found will be thrown away.
        if next < depth { return 0 }
        if unsafe match(table, key, upTo: next) < next { return best }
        depth = next
      }
      unsafe slot = PrefixTable.Slot(
        slots(table)[byte(key, depth &>> 3)].load(ordering: .relaxed))
      depth &+= 8
      if depth > maximumLength { return 0 }
      if slot.best != 0 { best = slot.best }
    }
    if slot.isWalk { return unsafe walk(key, maximumLength, from: slot.node, best: best) }
    let found = unsafe bucket(slot.bucket).find(window(ofKey: key, depth))
    return found != 0 ? found : best
  }

  /// How many of the first `limit` bits of a key are those before a table.
  @unsafe
  @inline(__always)
  private func match(_ table: PrefixTable, _ key: UnsafeRawPointer, upTo limit: Int) -> Int {
    var index = 0
    while index &* 64 < limit {
      let difference = unsafe table.word(index) ^ keyWord(key, index)
      if difference != 0 { return min(limit, index &* 64 &+ difference.leadingZeroBitCount) }
      index &+= 1
    }
    return limit
  }

  // MARK: Changes

  /// The slots of a table that a prefix ends in: those of the root table, or of one for 8 bits.
  private func range(_ key: UnsafeRawPointer, length: Int, depth: Int, bits: Int) -> Range<Int> {
    let index = unsafe bits == 16 ? rootIndex(key) : byte(key, depth / 8)
    let size = 1 << (depth + bits - length)
    let first = index & ~(size - 1)
    return first..<first + size
  }

  /// Tells the tables that `new` was put in the place of `old` (0: of nothing), for a prefix of `length` bits; `upper` is what
  /// is in that place now: `new`, or a fork over `new` and `old`.
  @unsafe
  func tellTables(
    inserted new: UInt32, upper: UInt32, old: UInt32, _ key: UnsafeRawPointer, length: Int,
    _ changes: inout Changes
  ) {
    var (slots, depth, bits) = unsafe (rootSlots, 0, rootBits)
    while true {
      let end = depth + bits
      if length < end {
        for index in unsafe range(key, length: length, depth: depth, bits: bits) {
          var slot = unsafe PrefixTable.Slot(slots[index].load(ordering: .relaxed))
          if slot.best != 0, unsafe self.length(slot.best) > length { continue }
          slot.best = new
          unsafe slots[index].store(slot.bits, ordering: .relaxed)
        }
        return
      }
      let index = unsafe bits == 16 ? rootIndex(key) : byte(key, depth / 8)
      let place = unsafe slots + index
      var slot = unsafe PrefixTable.Slot(place.pointee.load(ordering: .relaxed))
      if slot.isTable {
        let table = unsafe table(slot.tableNumber)
        let next = unsafe slot.isSkipping ? table.depth : end
        let match = unsafe match(table, key, upTo: min(next, length))
        if match == next {
          unsafe (slots, depth, bits) = (self.slots(table), next, 8)
          continue
        }
        // The prefix ends or branches off among the bits the table leaves out.
        unsafe insertTable(
          at: match & ~7, above: slot.tableNumber, next, in: place, end, key, length, &changes)
        return
      }
      let top: UInt32
      var isFull = false
      if slot.isWalk {
        top = slot.node == old ? upper : slot.node
      } else {
        let isSame = unsafe old != 0 && upper == new && self.length(old) == length
        let hasEntered = unsafe enter(
          new, replacing: isSame ? old : 0, key, length, in: &slot, end, &changes)
        unsafe place.pointee.store(slot.bits, ordering: .relaxed)
        if hasEntered { return }
        isFull = unsafe slot.bucket != 0 && length - end <= PrefixBucket.longestPattern
        unsafe top = topmost(key, length, from: end)
        unsafe giveBackBucket(slot.bucket, &changes)
      }
      slot = PrefixTable.Slot(node: top, best: slot.best)
      unsafe place.pointee.store(slot.bits, ordering: .relaxed)
      if unsafe isFull || isLong(from: top, key, length) {
        let depth = unsafe self.length(top) & ~7
        unsafe insertTable(at: depth, above: nil, 0, in: place, end, key, length, &changes)
      }
      return
    }
  }

  /// Tells the tables that `old` was removed, a prefix of `length` bits; and that where `former` was (the node itself or
  /// the fork above it) is now `heir`, 0 for nothing.
  @unsafe
  func tellTables(
    removed old: UInt32, former: UInt32, heir: UInt32, _ key: UnsafeRawPointer, length: Int,
    ancestor: UInt32, _ changes: inout Changes
  ) {
    var (slots, depth, bits) = unsafe (rootSlots, 0, rootBits)
    while true {
      let end = depth + bits
      if length < end {
        let best = unsafe ancestor != 0 && self.length(ancestor) >= depth ? ancestor : 0
        for index in unsafe range(key, length: length, depth: depth, bits: bits) {
          var slot = unsafe PrefixTable.Slot(slots[index].load(ordering: .relaxed))
          guard slot.best == old else { continue }
          slot.best = best
          unsafe slots[index].store(slot.bits, ordering: .relaxed)
        }
        return
      }
      let index = unsafe bits == 16 ? rootIndex(key) : byte(key, depth / 8)
      let place = unsafe slots + index
      var slot = unsafe PrefixTable.Slot(place.pointee.load(ordering: .relaxed))
      if slot.isTable {
        let table = unsafe table(slot.tableNumber)
        unsafe (slots, depth, bits) = (self.slots(table), slot.isSkipping ? table.depth : end, 8)
        continue
      }
      if !slot.isWalk {
        unsafe leave(old, in: &slot, &changes)
      } else if slot.node == former, heir != 0 {
        slot = PrefixTable.Slot(node: heir, best: slot.best)
      } else if slot.node == former || slot.node == old {
        // Nothing is left; or the fork that went was above the slot, and so is what came in its place.
        slot = PrefixTable.Slot(best: slot.best)
      }
      unsafe place.pointee.store(slot.bits, ordering: .relaxed)
      return
    }
  }

  /// Whether a walk from a node to a prefix takes more than a few steps.
  @unsafe
  private func isLong(from first: UInt32, _ key: UnsafeRawPointer, _ length: Int) -> Bool {
    var current = first
    var steps = 0
    while current != 0, unsafe self.length(current) < length {
      steps += 1
      unsafe current = child(current, bit(ofKey: key, self.length(current)))
        .pointee.load(ordering: .relaxed)
    }
    return steps > 2
  }

  // MARK: Tables

  /// Makes a table of a depth for what is under a slot whose bits end at `end`; above another table, where one is given.
  @unsafe
  private func insertTable(
    at depth: Int, above lower: UInt32?, _ lowerDepth: Int, in place: SlotPointer, _ end: Int,
    _ key: UnsafeRawPointer, _ length: Int, _ changes: inout Changes
  ) {
    let top = unsafe topmost(key, length, from: end)
    var slot = unsafe PrefixTable.Slot(place.pointee.load(ordering: .relaxed))
    guard depth + 8 <= maximumLength, let number = unsafe takeTable(&changes) else {
      if let lower {
        unsafe giveBackTable(lower, &changes)
        slot = PrefixTable.Slot(node: top, best: slot.best)
        unsafe place.pointee.store(slot.bits, ordering: .relaxed)
      }
      return
    }
    let table = unsafe table(number)
    unsafe table.depth = depth
    for index in 0..<words {
      unsafe table.setWord(index, Self.leading(depth - 64 * index, of: keyWord(key, index)))
    }
    let slots = unsafe slots(table)
    for index in 0..<256 { unsafe slots[index].store(0, ordering: .relaxed) }
    unsafe fill(slots, depth, from: top)
    // What is under the slot of a table below is there already.
    var lowerIndex: Int?
    if let lower {
      let index = unsafe Int(
        self.table(lower).word(depth / 64) >> UInt64(56 - depth % 64) & 0xff)
      let held = unsafe PrefixTable.Slot(slots[index].load(ordering: .relaxed))
      unsafe slots[index].store(
        PrefixTable.Slot(table: lower, isSkipping: lowerDepth != depth + 8, best: held.best).bits,
        ordering: .relaxed)
      lowerIndex = index
    }
    for index in 0..<256 where index != lowerIndex {
      let slot = unsafe PrefixTable.Slot(slots[index].load(ordering: .relaxed))
      guard slot.isWalk, let bucket = unsafe makeBucket(from: slot.node, depth + 8, &changes)
      else { continue }
      unsafe slots[index].store(
        PrefixTable.Slot(bucket: bucket, best: slot.best).bits, ordering: .relaxed)
    }
    unsafe place.pointee.store(
      PrefixTable.Slot(table: number, isSkipping: depth != end, best: slot.best).bits,
      ordering: .relaxed)
  }

  /// The first `count` bits of a word, zeros after them.
  private static func leading(_ count: Int, of word: UInt64) -> UInt64 {
    count >= 64 ? word : count <= 0 ? 0 : word & ~(UInt64.max >> UInt64(count))
  }

  /// The first node on a key's path that has at least `depth` bits, all of which are the key's; 0 where there is none.
  @unsafe
  private func topmost(_ key: UnsafeRawPointer, _ length: Int, from depth: Int) -> UInt32 {
    var current = unsafe shared.pointee.root.load(ordering: .relaxed)
    while current != 0, unsafe self.length(current) < depth {
      unsafe current = child(current, bit(ofKey: key, self.length(current)))
        .pointee.load(ordering: .relaxed)
    }
    guard current != 0, unsafe matchLength(current, key, max(length, depth)) >= depth else {
      return 0
    }
    return current
  }

  /// Enters a node and those below it, shorter ones first, into the slots of a table.
  @unsafe
  private func fill(_ slots: SlotPointer, _ depth: Int, from top: UInt32) {
    var pending = [top]
    while let node = pending.popLast() {
      if node == 0 { continue }
      let length = unsafe length(node)
      let byte = unsafe Int(word(node, depth / 64) >> UInt64(56 - depth % 64) & 0xff)
      if length >= depth + 8 {
        let held = unsafe PrefixTable.Slot(slots[byte].load(ordering: .relaxed))
        unsafe slots[byte].store(
          PrefixTable.Slot(node: node, best: held.best).bits, ordering: .relaxed)
        continue
      }
      if !isFork(node) {
        let size = 1 << (depth + 8 - length)
        let first = byte & ~(size - 1)
        for index in first..<first + size {
          var held = unsafe PrefixTable.Slot(slots[index].load(ordering: .relaxed))
          held.best = node
          unsafe slots[index].store(held.bits, ordering: .relaxed)
        }
      }
      for side in 0..<2 {
        unsafe pending.append(child(node, side).pointee.load(ordering: .relaxed))
      }
    }
  }

  @unsafe
  private func takeTable(_ changes: inout Changes) -> UInt32? {
    if changes.freeTable != 0 {
      let number = changes.freeTable
      changes.freeTable = unsafe UInt32(
        truncatingIfNeeded: slots(table(number))[0].load(ordering: .relaxed))
      return number
    }
    guard Int(changes.usedTables) < tableCount else { return nil }
    changes.usedTables += 1
    return changes.usedTables
  }

  /// Gives back a table, and the tables and buckets under it.
  @unsafe
  private func giveBackTable(_ number: UInt32, _ changes: inout Changes) {
    var pending = [number]
    while let number = pending.popLast() {
      let slots = unsafe slots(table(number))
      for index in 0..<256 {
        let slot = unsafe PrefixTable.Slot(slots[index].load(ordering: .relaxed))
        if slot.isTable {
          pending.append(slot.tableNumber)
        } else if !slot.isWalk {
          unsafe giveBackBucket(slot.bucket, &changes)
        }
      }
      unsafe slots[0].store(UInt64(changes.freeTable), ordering: .relaxed)
      changes.freeTable = number
    }
  }

  /// Forgets all tables and buckets, where no prefix is left.
  @unsafe
  func forgetTables(_ changes: inout Changes) {
    for index in 0..<1 << rootBits {
      if unsafe rootSlots[index].load(ordering: .relaxed) != 0 {
        unsafe rootSlots[index].store(0, ordering: .relaxed)
      }
    }
    (changes.usedTables, changes.freeTable) = (0, 0)
    (changes.usedBuckets, changes.freeBucket) = (0, 0)
  }
}
