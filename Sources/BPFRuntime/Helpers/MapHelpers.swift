import BPFPlatform

// SAFETY (whole file): `map` is a reference the engine took from the program's own maps and keeps alive for the run;
// keys and values are as large as that map's, which the engine checked.

extension ExecutionFrame {
  @unsafe
  @inline(__always)
  func mapLookup(_ map: UInt64, key: UInt64) -> UInt64 {
    guard let key = unsafe hostPointer(key) else { return 0 }
    return unsafe withMap(map, or: 0) { map in
      unsafe programBits(map.lookup(key, worker: worker))
    }
  }

  /// `HelperID.hashMapLookup`: a lookup where the rewriter knows that the map is a hash map.
  @unsafe
  @inline(never)
  func hashLookup(_ map: UInt64, key: UInt64) -> UInt64 {
    guard let key = unsafe hostPointer(key) else { return 0 }
    return unsafe withMap(map, or: 0) { map in
      guard case .hash(let table) = unsafe map.path else { return 0 }
      return unsafe table._withUnsafeGuaranteedRef {
        unsafe programBits($0.lookup(key, worker: worker))
      }
    }
  }

  /// `HelperID.prefixMapLookup`: a lookup where the rewriter knows that the map is an LPM trie.
  @unsafe
  @inline(never)
  func prefixLookup(_ map: UInt64, key: UInt64) -> UInt64 {
    guard let key = unsafe hostPointer(key) else { return 0 }
    return unsafe withMap(map, or: 0) { map in
      guard case .prefixes(let trie) = unsafe map.path else { return 0 }
      return unsafe trie._withUnsafeGuaranteedRef { unsafe programBits($0.lookup(key)) }
    }
  }

  /// `bpf_map_lookup_percpu_elem`.
  @unsafe
  func mapLookup(_ map: UInt64, key: UInt64, processor: UInt64) -> UInt64 {
    let processor = Int(UInt32(truncatingIfNeeded: processor))
    guard let key = unsafe hostPointer(key) else { return 0 }
    return unsafe withMap(map, or: 0) { map in
      guard processor < map.workers else { return 0 }
      return unsafe programBits(map.lookup(key, worker: processor))
    }
  }

  @unsafe
  @inline(never)
  func mapUpdate(_ map: UInt64, key: UInt64, value: UInt64, flags: UInt64) -> UInt64 {
    let fault = KernelError.badAddress.result
    guard let key = unsafe hostPointer(key), let value = unsafe hostPointer(value) else {
      return fault
    }
    return unsafe withMap(map, or: fault) { map in
      UInt64(bitPattern: unsafe map.update(key, value: value, flags: flags, worker: worker))
    }
  }

  @unsafe
  @inline(never)
  func mapDelete(_ map: UInt64, key: UInt64) -> UInt64 {
    let fault = KernelError.badAddress.result
    guard let key = unsafe hostPointer(key) else { return fault }
    return unsafe withMap(map, or: fault) { map in
      UInt64(bitPattern: unsafe map.delete(key, worker: worker))
    }
  }
}

// Maps without keys.
extension ExecutionFrame {
  @unsafe
  func mapPush(_ map: UInt64, value: UInt64, flags: UInt64) -> UInt64 {
    let fault = KernelError.badAddress.result
    guard let value = unsafe hostPointer(value) else { return fault }
    return unsafe withMap(map, or: fault) { map in
      UInt64(bitPattern: unsafe map.push(value, flags: flags))
    }
  }

  @unsafe
  func mapPop(_ map: UInt64, into value: UInt64) -> UInt64 {
    let fault = KernelError.badAddress.result
    guard let value = unsafe hostPointer(value) else { return fault }
    return unsafe withMap(map, or: fault) { map in
      UInt64(bitPattern: unsafe map.pop(into: value))
    }
  }

  /// `bpf_map_peek_elem`; of a Bloom filter, whether the value may be there.
  @unsafe
  func mapPeek(_ map: UInt64, into value: UInt64) -> UInt64 {
    let fault = KernelError.badAddress.result
    guard let value = unsafe hostPointer(value) else { return fault }
    return unsafe withMap(map, or: fault) { map in
      UInt64(bitPattern: unsafe map.peek(into: value))
    }
  }
}

extension ExecutionFrame {
  /// `bpf_spin_lock`, on the host's address of a lock in a map's value.
  @unsafe
  func lockValue(_ lock: UInt64) -> UInt64 {
    if let lock = unsafe hostPointer(lock) { unsafe ValueLock.acquire(lock) }
    return 0
  }

  @unsafe
  func unlockValue(_ lock: UInt64) -> UInt64 {
    if let lock = unsafe hostPointer(lock) { unsafe ValueLock.release(lock) }
    return 0
  }
}

/// Runs `body` on the map whose unretained reference `bits` holds, without touching its reference count.
@unsafe
@inline(__always)
func withMap(_ bits: UInt64, or missing: UInt64, _ body: (Map) -> UInt64) -> UInt64 {
  guard let pointer = unsafe hostPointer(bits) else { return missing }
  return unsafe Unmanaged<Map>.fromOpaque(pointer)._withUnsafeGuaranteedRef(body)
}
