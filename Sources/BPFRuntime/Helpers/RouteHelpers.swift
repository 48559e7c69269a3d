import BPFPlatform

// SAFETY (whole file): parameters are as large as the sizes beside them say, or as their prototype does; the engine
// checked it.

/// `struct bpf_fib_lookup` in a program's memory.
@safe
private struct LookupParameters {
  static let size = 64
  let base: UnsafeMutableRawPointer

  var family: UInt8 { unsafe base.load(as: UInt8.self) }
  /// The length of the packet, and then the longest there may be.
  var length: UInt16 {
    get { unsafe base.loadUnaligned(fromByteOffset: 6, as: UInt16.self) }
    nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 6, as: UInt16.self) }
  }
  var interface: UInt32 {
    get { unsafe base.loadUnaligned(fromByteOffset: 8, as: UInt32.self) }
    nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 8, as: UInt32.self) }
  }
  /// The table to look in, where a flag says so.
  var table: UInt32 {
    get { unsafe base.loadUnaligned(fromByteOffset: 48, as: UInt32.self) }
    nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 48, as: UInt32.self) }
  }
  var mark: UInt32 { unsafe base.loadUnaligned(fromByteOffset: 52, as: UInt32.self) }

  func setFamily(_ family: UInt32) {
    unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: family), as: UInt8.self)
  }

  func setMetric(_ metric: UInt32) {
    unsafe base.storeBytes(of: metric, toByteOffset: 12, as: UInt32.self)
  }

  static let sourceOffset = 16
  static let destinationOffset = 32
  static let sourceHardwareOffset = 52
  static let destinationHardwareOffset = 58

  func address(at offset: Int, isVersion6: Bool) -> IPAddress {
    let bytes = unsafe UnsafeRawBufferPointer(start: base + offset, count: isVersion6 ? 16 : 4)
    return unsafe IPAddress(bytes: bytes) ?? .v4(0)
  }

  func store(_ bytes: [UInt8], at offset: Int) {
    unsafe UnsafeMutableRawBufferPointer(start: base + offset, count: Self.size - offset)
      .copyBytes(from: bytes)
  }
}

/// What `bpf_fib_lookup` returns (`BPF_FIB_LKUP_RET_…`).
private enum LookupResult {
  static let success: UInt64 = 0
  static let blackhole: UInt64 = 1
  static let unreachable: UInt64 = 2
  static let prohibited: UInt64 = 3
  static let notForwarded: UInt64 = 4
  static let forwardingDisabled: UInt64 = 5
  static let unsupportedTunnel: UInt64 = 6
  static let noNeighbor: UInt64 = 7
  static let fragmentationNeeded: UInt64 = 8
  static let noSourceAddress: UInt64 = 9
}

/// Flags of `bpf_fib_lookup` (`BPF_FIB_LOOKUP_…`).
private struct LookupFlags: OptionSet {
  let rawValue: UInt32

  /// In one table, past all rules.
  static let direct = LookupFlags(rawValue: 1)
  /// As a packet of this host that leaves by the interface.
  static let output = LookupFlags(rawValue: 2)
  static let skipsNeighbor = LookupFlags(rawValue: 4)
  static let hasTable = LookupFlags(rawValue: 8)
  static let wantsSource = LookupFlags(rawValue: 16)
  static let hasMark = LookupFlags(rawValue: 32)
  static let known = LookupFlags(rawValue: 63)
}

extension ExecutionFrame {
  /// `bpf_fib_lookup`: where a packet goes, by the network's routes; without a network, nowhere.
  @unsafe
  func lookUpRoute(_ parameters: UInt64, size: UInt64, flags: UInt64) -> UInt64 {
    let flags = LookupFlags(rawValue: UInt32(truncatingIfNeeded: flags))
    guard Int(Int32(truncatingIfNeeded: size)) >= LookupParameters.size,
      flags.isSubset(of: .known), let base = unsafe hostPointer(parameters)
    else { return KernelError.invalidArgument.result }
    let parameters = unsafe LookupParameters(base: base)
    let isVersion6 = UInt32(parameters.family) == AddressFamily.ipv6
    guard isVersion6 || UInt32(parameters.family) == AddressFamily.ipv4 else {
      return KernelError.unknownAddressFamily.result
    }
    guard let network else { return LookupResult.notForwarded }
    // XDP programs get their lengths checked in any case, others where they give one.
    let checksLength = !isSocketBuffer || parameters.length != 0
    let result = lookUp(
      parameters, flags, in: network, isVersion6: isVersion6, checksLength: checksLength)
    guard result == LookupResult.success, !checksLength,
      let interface = network.interface(parameters.interface)
    else { return result }
    parameters.length = UInt16(truncatingIfNeeded: interface.mtu)
    let tagSize = 4
    let longest = Int(interface.mtu) + interface.linkHeaderLength + tagSize
    let fits = interface.isUp && (packet.count <= longest || isSegmented)
    return fits ? result : LookupResult.fragmentationNeeded
  }

  private func lookUp(
    _ parameters: LookupParameters, _ flags: LookupFlags, in network: NetworkTable,
    isVersion6: Bool, checksLength: Bool
  ) -> UInt64 {
    let destination = parameters.address(
      at: LookupParameters.destinationOffset, isVersion6: isVersion6)
    let source = parameters.address(at: LookupParameters.sourceOffset, isVersion6: isVersion6)
    if isVersion6 && (destination.isStrict || source.isStrict) { return LookupResult.notForwarded }
    guard let incoming = network.interface(parameters.interface) else {
      return KernelError.noDevice.result
    }
    guard isVersion6 ? incoming.forwardsIPv6 : incoming.forwardsIPv4 else {
      return LookupResult.forwardingDisabled
    }
    let leaving = flags.contains(.output) ? parameters.interface : nil
    let found: NetworkTable.Route?
    if flags.contains(.direct) {
      var table = NetworkTable.mainTable
      if flags.contains(.hasTable) {
        table = parameters.table
        parameters.table = 0
      }
      found = network.route(to: destination, in: table, leavingBy: leaving)
    } else {
      let mark = flags.contains(.hasMark) ? parameters.mark : 0
      found = network.route(to: destination, mark: mark, leavingBy: leaving)
    }
    guard let route = found else { return LookupResult.notForwarded }
    switch route.action {
    case .blackhole: return LookupResult.blackhole
    case .unreachable: return LookupResult.unreachable
    case .prohibit: return LookupResult.prohibited
    case .deliver, .throw: return LookupResult.notForwarded
    case .encapsulate(let index):
      guard let interface = network.interface(index) else { return LookupResult.notForwarded }
      let fits = fitsRoute(parameters, route, interface, checksLength: checksLength)
      return fits ? LookupResult.unsupportedTunnel : LookupResult.fragmentationNeeded
    case .forward(let index, let gateway):
      guard let interface = network.interface(index) else { return LookupResult.notForwarded }
      guard fitsRoute(parameters, route, interface, checksLength: checksLength) else {
        return LookupResult.fragmentationNeeded
      }
      return forward(parameters, flags, by: route, to: gateway ?? destination, interface, network)
    }
  }

  /// Whether the packet's length is within what the route takes; if not, that is what the program finds.
  private func fitsRoute(
    _ parameters: LookupParameters, _ route: NetworkTable.Route,
    _ interface: NetworkTable.Interface, checksLength: Bool
  ) -> Bool {
    guard checksLength else { return true }
    let longest = min(route.mtu ?? interface.mtu, 0xffff)
    let fits = UInt32(parameters.length) <= longest
    if !fits { parameters.length = UInt16(truncatingIfNeeded: longest) }
    return fits
  }

  private func forward(
    _ parameters: LookupParameters, _ flags: LookupFlags, by route: NetworkTable.Route,
    to nextHop: IPAddress, _ interface: NetworkTable.Interface, _ network: NetworkTable
  ) -> UInt64 {
    let checksLength = !isSocketBuffer || parameters.length != 0
    parameters.setMetric(route.metric)
    parameters.interface = interface.index
    if flags.contains(.wantsSource) {
      guard let source = route.source else { return LookupResult.noSourceAddress }
      parameters.store(source.bytes, at: LookupParameters.sourceOffset)
    }
    if case .v6 = nextHop { parameters.setFamily(AddressFamily.ipv6) }
    parameters.store(nextHop.bytes, at: LookupParameters.destinationOffset)
    if !flags.contains(.skipsNeighbor) {
      guard let neighbor = network.neighbor(nextHop, on: interface.index) else {
        return LookupResult.noNeighbor
      }
      parameters.store(neighbor, at: LookupParameters.destinationHardwareOffset)
      parameters.store(interface.hardwareAddress, at: LookupParameters.sourceHardwareOffset)
    }
    // The VLAN fields, which share their place with the table.
    parameters.table = 0
    if checksLength {
      parameters.length = UInt16(truncatingIfNeeded: min(route.mtu ?? interface.mtu, 0xffff))
    }
    return LookupResult.success
  }

  /// What `bpf_check_mtu` returns for a packet that is too long, or segments that are (`BPF_MTU_CHK_RET_…`).
  private enum LengthResult {
    static let fits: UInt64 = 0
    static let fragmentationNeeded: UInt64 = 1
    static let segmentsTooLong: UInt64 = 2
  }

  /// `bpf_check_mtu`: whether the packet, or one of a length the program gives, fits an interface.
  @unsafe
  func checkLength(
    interface index: UInt64, length: UInt64, difference: UInt64, flags: UInt64
  ) -> UInt64 {
    let checksSegments: UInt64 = 1
    guard let field = unsafe hostPointer(length) else { return KernelError.badAddress.result }
    let given = unsafe field.loadUnaligned(as: UInt32.self)
    let difference = Int32(truncatingIfNeeded: difference)
    guard flags & ~(isSocketBuffer ? checksSegments : 0) == 0,
      flags == 0 || difference == 0 && given == 0
    else { return KernelError.invalidArgument.result }
    var index = UInt32(truncatingIfNeeded: index)
    if index == 0 { index = ownInterface }
    let network = network ?? NetworkTable()
    guard let interface = network.interface(index) else { return KernelError.noDevice.result }
    let header = Int32(truncatingIfNeeded: interface.linkHeaderLength)
    let longest = Int32(truncatingIfNeeded: interface.mtu) &+ header
    let own = Int32(truncatingIfNeeded: packet.count)
    let asked = given == 0 ? own : Int32(truncatingIfNeeded: given) &+ header
    var result = LengthResult.fits
    if asked &+ difference > longest {
      result = LengthResult.fragmentationNeeded
      if isSocketBuffer && isSegmented {
        result = LengthResult.fits
        if flags & checksSegments != 0 {
          guard socketBuffer.transportHeader != SocketBuffer.unset else {
            return KernelError.invalidArgument.result
          }
          if segmentLength > Int(interface.mtu) { result = LengthResult.segmentsTooLong }
        }
      }
    }
    unsafe field.storeBytes(of: interface.mtu, as: UInt32.self)
    return result
  }

  /// The interface the packet is at.
  private var ownInterface: UInt32 {
    let name = isSocketBuffer ? "ifindex" : "ingress_ifindex"
    guard let place = layout?.field(named: name)?.storage.offset else { return 1 }
    // SAFETY: the layout's fields lie inside the storage.
    return unsafe context.load(fromByteOffset: place, as: UInt32.self)
  }

  /// The length of one segment from its network header on; all ones stand for segments of any length.
  private var segmentLength: Int {
    let outer = Int(socketBuffer.transportHeader) - Int(socketBuffer.networkHeader)
    var header = 0
    if socketBuffer.isEncapsulated {
      header =
        Int(socketBuffer.innerTransportHeader) - Int(socketBuffer.transportHeader)
      if socketBuffer.segmentation.isTCP {
        header += tcpHeaderLength(at: socketBuffer.innerTransportHeader)
      }
    } else if socketBuffer.segmentation.isTCP {
      header = tcpHeaderLength(at: socketBuffer.transportHeader)
    } else if socketBuffer.segmentation.contains(.udpDatagrams) {
      header = 8
    }
    let size = Int(self[.segmentSize])
    return size == 0xffff ? 0 : outer + header + size
  }

  private func tcpHeaderLength(at place: UInt16) -> Int {
    let offset = packet.start + Int(place) - socketBuffer.headroom + 12
    return packet.withBytes(1, at: offset) {
      $0.byteCount == 1
        ? Int(unsafe $0.unsafeLoad(fromUncheckedByteOffset: 0, as: UInt8.self) >> 4) * 4 : 0
    }
  }
}
