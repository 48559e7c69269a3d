import Synchronization

// SAFETY (whole file): as for PrefixTrie; nodes change only while the lock is held and the version is odd.

extension PrefixTrie {
  typealias Link = UnsafeMutablePointer<Atomic<UInt32>>

  @unsafe
  private func withChanges(_ body: (inout Changes) -> MapErrno?) -> MapErrno? {
    unsafe shared.pointee.changes.withLock { changes in
      // Only who holds the lock writes it.
      let version = unsafe shared.pointee.version.load(ordering: .relaxed)
      unsafe shared.pointee.version.store(version &+ 1, ordering: .relaxed)
      atomicMemoryFence(ordering: .releasing)
      defer { unsafe shared.pointee.version.store(version &+ 2, ordering: .releasing) }
      return body(&changes)
    }
  }

  // MARK: Nodes

  @unsafe
  private func takeEntry(_ changes: inout Changes) -> UInt32 {
    let free = changes.freeEntry
    if free != 0 {
      unsafe changes.freeEntry = child(free, 0).pointee.load(ordering: .relaxed)
      return free
    }
    changes.usedEntries += 1
    return changes.usedEntries
  }

  @unsafe
  private func takeFork(_ changes: inout Changes) -> UInt32 {
    let free = changes.freeFork
    if free != 0 {
      unsafe changes.freeFork = child(free, 0).pointee.load(ordering: .relaxed)
      return free
    }
    changes.usedForks += 1
    return changes.usedForks
  }

  @unsafe
  private func giveBack(_ node: UInt32, _ changes: inout Changes) {
    if isFork(node) {
      unsafe child(node, 0).pointee.store(changes.freeFork, ordering: .relaxed)
      changes.freeFork = node
    } else {
      unsafe child(node, 0).pointee.store(changes.freeEntry, ordering: .relaxed)
      changes.freeEntry = node
    }
  }

  @unsafe
  private func set(_ node: UInt32, length: Int, children: (UInt32, UInt32), word: (Int) -> UInt64) {
    unsafe child(node, 0).pointee.store(children.0, ordering: .relaxed)
    unsafe child(node, 1).pointee.store(children.1, ordering: .relaxed)
    let address = unsafe self.node(node)
    unsafe storeShared(address, 8, UInt64(length))
    for index in 0..<words {
      unsafe storeShared(address, 16 + 8 * index, word(index))
    }
  }

  @unsafe
  private func children(_ node: UInt32) -> (UInt32, UInt32) {
    unsafe (
      child(node, 0).pointee.load(ordering: .relaxed),
      child(node, 1).pointee.load(ordering: .relaxed)
    )
  }

  /// Where a key's path ends: at the node of its prefix, at the first that differs from it, or nowhere.
  @unsafe
  struct End {
    var link: Link
    /// The node the link names; 0 where the path leaves the trie.
    var node: UInt32
    var match = 0
    /// The node that holds the link, and the link that names it; nil at the root.
    var parent: UInt32 = 0
    var parentLink: Link?
    /// The longest prefix above the node.
    var ancestor: UInt32 = 0
  }

  @unsafe
  private func end(of key: UnsafeRawPointer, _ keyLength: Int) -> End {
    var end = unsafe End(link: root, node: root.pointee.load(ordering: .relaxed))
    while unsafe end.node != 0 {
      unsafe end.match = matchLength(end.node, key, keyLength)
      let length = unsafe length(end.node)
      if unsafe length != end.match || length == keyLength { break }
      if unsafe !isFork(end.node) { unsafe end.ancestor = end.node }
      unsafe end.parent = end.node
      unsafe end.parentLink = end.link
      unsafe end.link = child(end.node, bit(ofKey: key, length))
      unsafe end.node = end.link.pointee.load(ordering: .relaxed)
    }
    return unsafe end
  }

  @unsafe
  private var root: Link {
    // SAFETY: `root` is the first field of `Shared`, at its address.
    unsafe UnsafeMutableRawPointer(shared).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  // MARK: Update

  @unsafe
  func update(_ key: UnsafeRawPointer, _ value: NewValue, flags: UInt64) -> MapErrno? {
    guard flags <= MapUpdateFlags.exist.rawValue else { return .invalidArgument }
    let keyLength = unsafe Self.length(ofKey: key)
    guard keyLength <= maximumLength else { return .invalidArgument }
    return unsafe withChanges { changes in
      unsafe prefetchBucket(of: key)
      let end = unsafe end(of: key, keyLength)
      let old = unsafe end.node
      let match = unsafe end.match
      let isSame = unsafe old != 0 && length(old) == match && match == keyLength
      if isSame, !isFork(old) {
        if flags == MapUpdateFlags.noExist.rawValue { return .exists }
      } else {
        if flags == MapUpdateFlags.exist.rawValue { return .noEntry }
        if changes.count == maxEntries { return .noSpace }
        changes.count += 1
      }
      let new = unsafe takeEntry(&changes)
      unsafe slots.writeFresh(value, to: Int(new))
      var children: (UInt32, UInt32) = (0, 0)
      if isSame {
        unsafe children = self.children(old)
      } else if old != 0, match == keyLength {
        // The new prefix is a part of the old one.
        children = unsafe bit(ofNode: old, match) == 0 ? (old, 0) : (0, old)
      }
      unsafe set(new, length: keyLength, children: children) { unsafe keyWord(key, $0) }
      if old == 0 || isSame || match == keyLength {
        unsafe end.link.pointee.store(new, ordering: .releasing)
        unsafe tellTables(
          inserted: new, upper: new, old: old, key, length: keyLength, &changes)
        if isSame { unsafe giveBack(old, &changes) }
        return nil
      }
      let fork = unsafe takeFork(&changes)
      let branches = unsafe bit(ofKey: key, match) == 0 ? (new, old) : (old, new)
      unsafe set(fork, length: match, children: branches) { unsafe word(old, $0) }
      unsafe end.link.pointee.store(fork, ordering: .releasing)
      unsafe tellTables(inserted: new, upper: fork, old: old, key, length: keyLength, &changes)
      return nil
    }
  }

  // MARK: Delete

  @unsafe
  func delete(_ key: UnsafeRawPointer) -> MapErrno? {
    let keyLength = unsafe Self.length(ofKey: key)
    guard keyLength <= maximumLength else { return .invalidArgument }
    return unsafe withChanges { changes in
      unsafe prefetchBucket(of: key)
      let end = unsafe end(of: key, keyLength)
      let node = unsafe end.node
      guard node != 0, !isFork(node), unsafe length(node) == keyLength,
        unsafe end.match == keyLength
      else { return .noEntry }
      changes.count -= 1
      let children = unsafe children(node)
      let parent = unsafe end.parent
      var former = node
      var heir: UInt32
      if children.0 != 0, children.1 != 0 {
        unsafe heir = takeFork(&changes)
        unsafe set(heir, length: keyLength, children: children) { unsafe word(node, $0) }
        unsafe end.link.pointee.store(heir, ordering: .releasing)
      } else if children == (0, 0), parent != 0, isFork(parent),
        let parentLink = unsafe end.parentLink
      {
        // The fork above has one child left, which takes its place.
        let siblings = unsafe self.children(parent)
        former = parent
        heir = siblings.0 == node ? siblings.1 : siblings.0
        unsafe parentLink.pointee.store(heir, ordering: .releasing)
        unsafe giveBack(parent, &changes)
      } else {
        heir = children.0 != 0 ? children.0 : children.1
        unsafe end.link.pointee.store(heir, ordering: .releasing)
      }
      unsafe tellTables(
        removed: node, former: former, heir: heir, key, length: keyLength,
        ancestor: end.ancestor, &changes)
      unsafe giveBack(node, &changes)
      if changes.count == 0 { unsafe forgetTables(&changes) }
      return nil
    }
  }

  // MARK: Host

  /// The value of the longest prefix, as a lookup by a program finds it, copied while nothing changes.
  @unsafe
  func get(_ key: UnsafeRawPointer) -> [UInt8]? {
    unsafe shared.pointee.changes.withLock { _ in
      guard let address = unsafe lookup(key) else { return nil }
      return unsafe [UInt8](UnsafeRawBufferPointer(start: address, count: slots.valueSize))
    }
  }

  /// The key after another: longer prefixes before the shorter ones they begin with, and 0 bits before 1 bits; the first
  /// where that key is not there (any more).
  @unsafe
  func nextKey(after key: UnsafeRawPointer?) -> [UInt8]? {
    unsafe shared.pointee.changes.withLock { _ in
      unsafe nextNode(after: key).map { unsafe copyKey($0) }
    }
  }

  /// All entries, in the order of ``nextKey(after:)``, at one moment.
  func entries() -> [(key: [UInt8], value: [UInt8])] {
    unsafe shared.pointee.changes.withLock { _ in
      var entries: [(key: [UInt8], value: [UInt8])] = []
      var pending = unsafe [(root.pointee.load(ordering: .relaxed), false)]
      while let (node, isDone) = pending.popLast() {
        if node == 0 { continue }
        if isDone {
          unsafe entries.append((copyKey(node), slots.read(Int(node))))
          continue
        }
        if !isFork(node) { pending.append((node, true)) }
        let children = unsafe children(node)
        pending.append((children.1, false))
        pending.append((children.0, false))
      }
      return entries
    }
  }

  @unsafe
  private func nextNode(after key: UnsafeRawPointer?) -> UInt32? {
    let root = unsafe root.pointee.load(ordering: .relaxed)
    guard let key = unsafe key, unsafe Self.length(ofKey: key) <= maximumLength else {
      return unsafe first(under: root)
    }
    let keyLength = unsafe Self.length(ofKey: key)
    var path: [UInt32] = []
    var current = root
    var match = 0
    while current != 0 {
      path.append(current)
      unsafe match = matchLength(current, key, keyLength)
      let length = unsafe length(current)
      if length != match || length == keyLength { break }
      unsafe current = child(current, bit(ofKey: key, length)).pointee.load(ordering: .relaxed)
    }
    guard current != 0, !isFork(current), unsafe length(current) == keyLength, match == keyLength
    else { return unsafe first(under: root) }
    path.removeLast()
    while let parent = path.popLast() {
      let children = unsafe children(parent)
      if children.0 == current, children.1 != 0 { return unsafe first(under: children.1) }
      if !isFork(parent) { return parent }
      current = parent
    }
    return nil
  }

  /// The first node with a value under a node, in that order.
  @unsafe
  private func first(under node: UInt32) -> UInt32? {
    var found: UInt32?
    var current = node
    while current != 0 {
      let children = unsafe children(current)
      if !isFork(current) { found = current }
      current = isFork(current) || children.0 != 0 ? children.0 : children.1
    }
    return found
  }

  @unsafe
  private func copyKey(_ node: UInt32) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(4 + dataSize)
    unsafe withUnsafeBytes(of: UInt32(length(node))) { unsafe key.append(contentsOf: $0) }
    for offset in 0..<dataSize {
      let shift = UInt64(56 - offset % 8 * 8)
      key.append(UInt8(truncatingIfNeeded: unsafe word(node, offset / 8) >> shift))
    }
    return key
  }
}
