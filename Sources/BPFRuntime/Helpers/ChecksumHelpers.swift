// SAFETY (whole file): memory is as large as the sizes beside it say, which the engine checked; checksum fields lie
// inside the packet, which is checked here.

extension ExecutionFrame {
  /// `bpf_csum_diff`: the sum of `to` less that of `from`, plus the seed, as 16 bits. Sizes may be any since Linux 6.13.
  @unsafe
  func checksumDifference(
    from: UInt64, size fromSize: UInt64, to: UInt64, size toSize: UInt64, seed: UInt64
  ) -> UInt64 {
    let seed = UInt32(truncatingIfNeeded: seed)
    let old = unsafe memory(from, size: fromSize)
    let new = unsafe memory(to, size: toSize)
    var sum = seed
    if old.count > 0 && new.count > 0 {
      sum = unsafe Checksum.add(
        Checksum.partial(new.bytes, seed: seed), ~Checksum.partial(old.bytes, seed: 0))
    } else if new.count > 0 {
      sum = unsafe Checksum.partial(new.bytes, seed: seed)
    } else if old.count > 0 {
      sum = unsafe ~Checksum.partial(old.bytes, seed: ~seed)
    }
    return UInt64(Checksum.fold(sum))
  }

  @unsafe
  private func memory(_ address: UInt64, size: UInt64) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(
      start: hostPointer(address),
      count: address == 0 ? 0 : Int(UInt32(truncatingIfNeeded: size)))
  }

  /// Flags of the checksum helpers (`BPF_F_…`).
  private enum Flags {
    /// The size of the changed field in bytes, or 0 where `to` is a difference.
    static let fieldSize: UInt64 = 0xf
    static let pseudoHeader: UInt64 = 1 << 4
    /// A checksum of 0 means there is none; one that comes out as 0 is written as 0xffff.
    static let markMangledZero: UInt64 = 1 << 5
    static let markEnforce: UInt64 = 1 << 6
    static let version6: UInt64 = 1 << 7
  }

  /// `bpf_l3_csum_replace`.
  @unsafe
  func l3ChecksumReplace(at offset: UInt64, from: UInt64, to: UInt64, flags: UInt64) -> UInt64 {
    guard flags & ~Flags.fieldSize == 0 else { return KernelError.invalidArgument.result }
    do throws(KernelError) {
      let place = try checksumPlace(offset)
      unsafe packet.memory.storeBytes(
        of: try replaced(unsafe loadChecksum(place), from: from, to: to, flags: flags),
        toByteOffset: place, as: UInt16.self)
      return 0
    } catch {
      return error.result
    }
  }

  /// `bpf_l4_csum_replace`.
  @unsafe
  func l4ChecksumReplace(at offset: UInt64, from: UInt64, to: UInt64, flags: UInt64) -> UInt64 {
    let known =
      Flags.fieldSize | Flags.pseudoHeader | Flags.markMangledZero | Flags.markEnforce
      | Flags.version6
    guard flags & ~known == 0 else { return KernelError.invalidArgument.result }
    do throws(KernelError) {
      let place = try checksumPlace(offset)
      let old = unsafe loadChecksum(place)
      let marksZero = flags & Flags.markMangledZero != 0
      if marksZero && flags & Flags.markEnforce == 0 && old == 0 { return 0 }
      var new = try replaced(old, from: from, to: to, flags: flags)
      if flags & Flags.pseudoHeader != 0 {
        sumPseudoHeader(from: from, to: to, flags: flags)
      }
      if marksZero && new == 0 { new = 0xffff }
      unsafe packet.memory.storeBytes(of: new, toByteOffset: place, as: UInt16.self)
      return 0
    } catch {
      return error.result
    }
  }

  /// Brings a device's sum, which covers no pseudo-header, up to date with a field of one.
  private func sumPseudoHeader(from: UInt64, to: UInt64, flags: UInt64) {
    guard case .complete(let sum) = socketBuffer.checksum else { return }
    let (old, new) = (UInt32(truncatingIfNeeded: from), UInt32(truncatingIfNeeded: to))
    switch flags & Flags.fieldSize {
    case 0 where flags & Flags.version6 == 0:
      socketBuffer.checksum = .complete(sum: ~Checksum.add(new, ~sum))
    case 2:
      let (old, new) = (old & 0xffff, new & 0xffff)
      socketBuffer.checksum = .complete(sum: ~Checksum.add(Checksum.add(~sum, ~old), new))
    case 4: socketBuffer.checksum = .complete(sum: ~Checksum.add(Checksum.add(~sum, ~old), new))
    default: break
    }
  }

  /// `bpf_csum_update`: adds to the sum a device made; the new sum, or an error where there is none.
  func updateChecksum(by difference: UInt64) -> UInt64 {
    guard case .complete(let sum) = socketBuffer.checksum else {
      return KernelError.notSupported.result
    }
    let new = Checksum.add(sum, UInt32(truncatingIfNeeded: difference))
    socketBuffer.checksum = .complete(sum: new)
    return UInt64(new)
  }

  /// `bpf_csum_level`: how many checksums a device verified (0), one more (1), one less (2), none (3).
  func checksumLevel(_ operation: UInt64) -> UInt64 {
    let highest: UInt8 = 3
    switch (operation, socketBuffer.checksum) {
    case (0, .unnecessary(let level)): return UInt64(level)
    case (0, _): return KernelError.permissionDenied.result
    case (1, .unnecessary(let level)):
      socketBuffer.checksum = .unnecessary(level: level < highest ? level + 1 : level)
    case (1, .none): socketBuffer.checksum = .unnecessary(level: 0)
    case (2, .unnecessary(let level)):
      socketBuffer.checksum = level == 0 ? .none : .unnecessary(level: level - 1)
    case (3, .unnecessary): socketBuffer.checksum = .none
    case (1...3, _): break
    default: return KernelError.invalidArgument.result
    }
    return 0
  }

  /// Where in the packet's memory a checksum field is.
  private func checksumPlace(_ offset: UInt64) throws(KernelError) -> Int {
    let offset = Int(UInt32(truncatingIfNeeded: offset))
    guard offset <= 0xffff, offset % 2 == 0, offset + 2 <= packet.count else { throw .badAddress }
    return packet.start + offset
  }

  @unsafe
  private func loadChecksum(_ place: Int) -> UInt16 {
    unsafe packet.memory.loadUnaligned(fromByteOffset: place, as: UInt16.self)
  }

  private func replaced(
    _ field: UInt16, from: UInt64, to: UInt64, flags: UInt64
  ) throws(KernelError) -> UInt16 {
    switch flags & Flags.fieldSize {
    case 0:
      guard from == 0 else { throw .invalidArgument }
      return Checksum.replace(field, byDifference: UInt32(truncatingIfNeeded: to))
    case 2:
      return Checksum.replace(
        field, from: UInt16(truncatingIfNeeded: from), to: UInt16(truncatingIfNeeded: to))
    case 4:
      return Checksum.replace(
        field, from: UInt32(truncatingIfNeeded: from), to: UInt32(truncatingIfNeeded: to))
    default: throw .invalidArgument
    }
  }
}
