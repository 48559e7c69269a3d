/// The flow hash, the mark of congestion, and the time of a socket buffer's packet.
extension ExecutionFrame {
  /// How many bytes to look at for a packet's flow.
  private static let dissectedBytes = 512

  /// `bpf_get_hash_recalc`: the packet's hash, made from its flow where it has none.
  func flowHash() -> UInt64 {
    if !socketBuffer.hasHash {
      let offset = socketBuffer.networkOffset
      let count = min(packet.count - offset, Self.dissectedBytes)
      let bytes = packet.withBytes(count, at: packet.start + offset) { span in
        // SAFETY: the indices are those of the span's bytes.
        (0..<span.byteCount).map {
          unsafe span.unsafeLoad(fromUncheckedByteOffset: $0, as: UInt8.self)
        }
      }
      self[.hash] = FlowKeys(bytes, etherType: etherType).hash(secret)
      socketBuffer.hasHash = true
    }
    return UInt64(self[.hash])
  }

  /// `bpf_set_hash`.
  func setHash(_ hash: UInt64) -> UInt64 {
    self[.hash] = UInt32(truncatingIfNeeded: hash)
    socketBuffer.hasHash = true
    return 0
  }

  /// Forgets the packet's hash, as `bpf_set_hash_invalid` asks and as changes of its headers do.
  @discardableResult
  func clearHash() -> UInt64 {
    self[.hash] = 0
    socketBuffer.hasHash = false
    return 0
  }

  /// `bpf_skb_set_tstamp`: the time, by the real-time (0), monotonic (1) or TAI clock (2).
  func skbSetTimestamp(_ nanoseconds: UInt64, clock: UInt64) -> UInt64 {
    guard etherType == EtherType.ipv4 || etherType == EtherType.ipv6 else {
      return KernelError.operationNotSupported.result
    }
    let clock = UInt32(truncatingIfNeeded: clock)
    guard clock <= 2, clock == 0 || nanoseconds != 0 else {
      return KernelError.invalidArgument.result
    }
    setTimestamp(nanoseconds, clock: UInt8(truncatingIfNeeded: clock))
    return 0
  }

  // MARK: Congestion

  private static let tagLimit = 8

  /// `bpf_skb_ecn_set_ce`: 1 where the packet says now that it met congestion (RFC 3168 section 5), 0 where it cannot.
  func skbSetCongestionExperienced() -> UInt64 {
    let place = packet.start + socketBuffer.networkOffset
    switch innermostEtherType() {
    case EtherType.ipv4:
      guard packet.count >= 20, place >= 0, place + 20 <= packet.end else { return 0 }
      return markIPv4(at: place)
    case EtherType.ipv6:
      guard packet.count >= 40, place >= 0, place + 40 <= packet.end else { return 0 }
      return markIPv6(at: place)
    default: return 0
    }
  }

  /// The protocol behind VLAN tags in the packet, in network byte order; 0 where it cannot be told.
  private func innermostEtherType() -> UInt16 {
    var type = etherType
    guard EtherType.isVLAN(type) else { return type }
    // The kernel counts from the packet's first byte, whatever its helpers noted last.
    let noted = Int(socketBuffer.linkHeaderLength)
    var offset = noted == 0 ? PacketBuffer.linkHeaderSize : noted - 4
    var left = Self.tagLimit
    repeat {
      left -= 1
      guard left > 0, offset >= 0, offset + 4 <= packet.count else { return 0 }
      // SAFETY: the tag lies in the packet.
      type = unsafe packet.memory.loadUnaligned(
        fromByteOffset: packet.start + offset + 2, as: UInt16.self)
      offset += 4
    } while EtherType.isVLAN(type)
    return type
  }

  // SAFETY, of both: the header lies in the packet, as their caller checked.

  private func markIPv4(at place: Int) -> UInt64 {
    let service = unsafe packet.memory[place + 1]
    switch service & 3 {
    case 0: return 0
    case 3: return 1
    default: break
    }
    let field = unsafe packet.memory.loadUnaligned(fromByteOffset: place + 10, as: UInt16.self)
    // One or two more in the first word of the header: as many less in its checksum.
    let difference: UInt16 = service & 3 == 1 ? 0xfffd : 0xfffe
    unsafe packet.memory.storeBytes(
      of: Checksum.add(field, difference.bigEndian), toByteOffset: place + 10, as: UInt16.self)
    unsafe packet.memory[place + 1] = service | 3
    return 1
  }

  private func markIPv6(at place: Int) -> UInt64 {
    guard unsafe packet.memory[place + 1] & 0x30 != 0 else { return 0 }
    let old = unsafe packet.memory.loadUnaligned(fromByteOffset: place, as: UInt32.self)
    unsafe packet.memory[place + 1] |= 0x30
    let new = unsafe packet.memory.loadUnaligned(fromByteOffset: place, as: UInt32.self)
    if case .complete(let sum) = socketBuffer.checksum {
      socketBuffer.checksum = .complete(sum: Checksum.add(Checksum.add(sum, ~old), new))
    }
    return 1
  }
}
