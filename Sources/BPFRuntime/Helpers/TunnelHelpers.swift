// SAFETY (whole file): keys and options are as large as the sizes beside them say, which the engine checked.

/// Flags of the tunnel helpers (`BPF_F_…`).
private enum TunnelFlags {
  static let version6: UInt64 = 1
  static let zeroChecksum: UInt64 = 2
  static let doNotFragment: UInt64 = 4
  static let sequenceNumber: UInt64 = 8
  /// To get the tunnel's flags in place of 0.
  static let flags: UInt64 = 16
  /// To set a tunnel without an identifier: the same bit, of another helper.
  static let noKey: UInt64 = 16
}

/// Flags of a tunnel's header (`IP_TUNNEL_…_BIT` of Linux).
private enum HeaderFlags {
  static let checksum: UInt16 = 1
  static let key: UInt16 = 1 << 2
  static let sequenceNumber: UInt16 = 1 << 3
  static let doNotFragment: UInt16 = 1 << 8
  /// The route to the tunnel's end is not to be kept.
  static let noCache: UInt16 = 1 << 13
}

/// `struct bpf_tunnel_key`, whole, and the shorter forms it once had.
private enum KeyLayout {
  static let identifier = 0
  static let remote = 4
  static let trafficClass = 20
  static let hopLimit = 21
  static let flags = 22
  static let label = 24
  static let local = 28
  static let size = 44
  /// Up to the first word of the remote address; its flags; its label; its local address.
  static let shorterSizes = [8, flags, label, local]
}

extension ExecutionFrame {
  /// `bpf_skb_get_tunnel_key`: through which tunnel the packet came; the buffer is cleared where that fails.
  @unsafe
  func skbGetTunnelKey(into buffer: UInt64, size: UInt64, flags: UInt64) -> UInt64 {
    let size = Int(UInt32(truncatingIfNeeded: size))
    guard let target = unsafe hostPointer(buffer) else { return KernelError.badAddress.result }
    do throws(KernelError) {
      let key = try tunnelKey(size: size, flags: flags)
      unsafe target.copyMemory(from: Array(key.prefix(size)), byteCount: size)
      return 0
    } catch {
      unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      return error.result
    }
  }

  private func tunnelKey(size: Int, flags: UInt64) throws(KernelError) -> [UInt8] {
    guard let tunnel = socketBuffer.tunnel,
      flags & ~(TunnelFlags.version6 | TunnelFlags.flags) == 0
    else { throw .invalidArgument }
    let wantsVersion6 = flags & TunnelFlags.version6 != 0
    guard tunnel.isVersion6 == wantsVersion6 else { throw .badProtocol }
    let isShortest = size == KeyLayout.shorterSizes[0]
    guard size == KeyLayout.size || KeyLayout.shorterSizes.contains(size),
      !isShortest || !wantsVersion6
    else { throw .invalidArgument }
    var key = [UInt8](repeating: 0, count: KeyLayout.size)
    func store(_ value: UInt32, at offset: Int, count: Int = 4) {
      for index in 0..<count {
        key[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index)))
      }
    }
    func store(_ address: IPAddress, at offset: Int) {
      switch address {
      // Addresses of version 4 are numbers here, those of version 6 bytes in network order.
      case .v4(let bits): store(bits, at: offset)
      case .v6: key.replaceSubrange(offset..<offset + 16, with: address.bytes)
      }
    }
    store(UInt32(truncatingIfNeeded: tunnel.identifier), at: KeyLayout.identifier)
    store(tunnel.source, at: KeyLayout.remote)
    store(tunnel.destination, at: KeyLayout.local)
    key[KeyLayout.trafficClass] = tunnel.trafficClass
    key[KeyLayout.hopLimit] = tunnel.hopLimit
    if flags & TunnelFlags.flags != 0 {
      store(UInt32(tunnel.flags.bigEndian), at: KeyLayout.flags, count: 2)
    }
    if wantsVersion6 { store(tunnel.flowLabel, at: KeyLayout.label) }
    return key
  }

  /// `bpf_skb_set_tunnel_key`: which tunnel the packet is to take.
  @unsafe
  func skbSetTunnelKey(from buffer: UInt64, size: UInt64, flags: UInt64) -> UInt64 {
    let size = Int(UInt32(truncatingIfNeeded: size))
    let known =
      TunnelFlags.version6 | TunnelFlags.zeroChecksum | TunnelFlags.doNotFragment
      | TunnelFlags.sequenceNumber | TunnelFlags.noKey
    guard flags & ~known == 0, size == KeyLayout.size || KeyLayout.shorterSizes.contains(size)
    else { return KernelError.invalidArgument.result }
    var key = unsafe copyBytes(buffer, count: UInt64(size))
    key += [UInt8](repeating: 0, count: KeyLayout.size - size)
    func number(at offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(key[offset + $1]) << (8 * UInt32($1)) }
    }
    let isVersion6 = flags & TunnelFlags.version6 != 0
    guard isVersion6 || number(at: KeyLayout.label) == 0,
      key[KeyLayout.flags] == 0, key[KeyLayout.flags + 1] == 0
    else { return KernelError.invalidArgument.result }
    func address(at offset: Int) -> IPAddress {
      isVersion6
        ? IPAddress(bytes: key[offset..<offset + 16]) ?? .v6(0, 0) : .v4(number(at: offset))
    }
    var headerFlags = HeaderFlags.noCache
    if flags & TunnelFlags.doNotFragment != 0 { headerFlags |= HeaderFlags.doNotFragment }
    if flags & TunnelFlags.zeroChecksum == 0 { headerFlags |= HeaderFlags.checksum }
    if flags & TunnelFlags.sequenceNumber != 0 { headerFlags |= HeaderFlags.sequenceNumber }
    if flags & TunnelFlags.noKey == 0 { headerFlags |= HeaderFlags.key }
    let flowLabelBits: UInt32 = 0xfffff
    var tunnel = TunnelMetadata(
      identifier: UInt64(number(at: KeyLayout.identifier)),
      source: address(at: KeyLayout.local), destination: address(at: KeyLayout.remote),
      trafficClass: key[KeyLayout.trafficClass], hopLimit: key[KeyLayout.hopLimit],
      flowLabel: number(at: KeyLayout.label) & flowLabelBits, flags: headerFlags)
    tunnel.isFromProgram = true
    socketBuffer.tunnel = tunnel
    return 0
  }

  /// `bpf_skb_get_tunnel_opt`: the number of bytes of options; the buffer is cleared where there are none.
  @unsafe
  func skbGetTunnelOptions(into buffer: UInt64, size: UInt64) -> UInt64 {
    let size = Int(UInt32(truncatingIfNeeded: size))
    guard let target = unsafe hostPointer(buffer) else { return KernelError.badAddress.result }
    unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    guard let options = socketBuffer.tunnel?.options else { return KernelError.noSuchEntry.result }
    guard size >= options.count else { return KernelError.noMemory.result }
    unsafe target.copyMemory(from: options, byteCount: options.count)
    return UInt64(options.count)
  }

  /// `bpf_skb_set_tunnel_opt`: options for the tunnel this program set before.
  @unsafe
  func skbSetTunnelOptions(from buffer: UInt64, size: UInt64) -> UInt64 {
    let longest: UInt32 = 255
    let size = UInt32(truncatingIfNeeded: size)
    guard socketBuffer.tunnel?.isFromProgram == true, size % 4 == 0 else {
      return KernelError.invalidArgument.result
    }
    guard size <= longest else { return KernelError.noMemory.result }
    socketBuffer.tunnel?.options = unsafe copyBytes(buffer, count: UInt64(size))
    socketBuffer.tunnel?.flags |= TunnelMetadata.optionFlags
    return 0
  }

  /// The tunnel the program told the packet to take.
  public var transmitTunnel: TunnelMetadata? {
    socketBuffer.tunnel?.isFromProgram == true ? socketBuffer.tunnel : nil
  }
}

extension TunnelMetadata {
  fileprivate var isVersion6: Bool {
    switch destination {
    case .v4: false
    case .v6: true
    }
  }
}
