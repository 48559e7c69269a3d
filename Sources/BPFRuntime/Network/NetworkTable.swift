/// The network a program runs in, as its host presents it: interfaces, routes and neighbours.
///
/// `bpf_fib_lookup`, `bpf_check_mtu` and `bpf_clone_redirect` answer from it.
public struct NetworkTable: Sendable {
  /// A network interface.
  public struct Interface: Hashable, Sendable {
    public var index: UInt32
    /// The longest packet without its link-layer header, in bytes.
    public var mtu: UInt32
    /// The six bytes of its link-layer address.
    public var hardwareAddress: [UInt8]
    /// The length of its link-layer header in bytes; 0 where it has none.
    public var linkHeaderLength: Int
    public var isUp = true
    /// Whether the host forwards what comes in here.
    public var forwardsIPv4 = true
    public var forwardsIPv6 = true

    public init(
      index: UInt32, mtu: UInt32 = 1500, hardwareAddress: [UInt8] = [0, 0, 0, 0, 0, 0],
      linkHeaderLength: Int = PacketBuffer.linkHeaderSize
    ) {
      precondition(hardwareAddress.count == 6, "a link-layer address has six bytes")
      self.index = index
      self.mtu = mtu
      self.hardwareAddress = hardwareAddress
      self.linkHeaderLength = linkHeaderLength
    }

    /// The loopback device, on which a test run of the kernel receives its packets.
    public static let loopback: Interface = {
      var interface = Interface(index: 1, mtu: 65536)
      interface.forwardsIPv4 = false
      interface.forwardsIPv6 = false
      return interface
    }()
  }

  /// What to do with packets to some addresses.
  public struct Route: Hashable, Sendable {
    public var destination: IPAddress
    /// How many of the destination's first bits count.
    public var prefixLength: Int
    public var action: Action
    public var table: UInt32 = NetworkTable.mainTable
    public var metric: UInt32 = 0
    /// The longest packet for this route, if that is less than the interface's.
    public var mtu: UInt32?
    /// The address to send from.
    public var source: IPAddress?

    public init(_ destination: IPAddress, prefixLength: Int, _ action: Action) {
      self.destination = destination
      self.prefixLength = prefixLength
      self.action = action
    }
  }

  public enum Action: Hashable, Sendable {
    /// Send it out of an interface, to a gateway or to the destination itself.
    case forward(interface: UInt32, gateway: IPAddress? = nil)
    /// As ``forward(interface:gateway:)``, through a lightweight tunnel.
    case encapsulate(interface: UInt32)
    /// It is for this host, or for all on a link.
    case deliver
    case blackhole
    case unreachable
    case prohibit
    /// Go on with the next rule.
    case `throw`
  }

  /// Which table to look in, for packets of some marks.
  public struct Rule: Hashable, Sendable {
    public var mark: UInt32
    /// The bits of the mark that count; 0 for packets of any mark.
    public var mask: UInt32
    public var table: UInt32

    public init(mark: UInt32 = 0, mask: UInt32 = 0, table: UInt32) {
      self.mark = mark
      self.mask = mask
      self.table = table
    }
  }

  public static let mainTable: UInt32 = 254
  public static let localTable: UInt32 = 255
  public static let defaultTable: UInt32 = 253

  /// The rules, first one first.
  public var rules = [
    Rule(table: localTable), Rule(table: mainTable), Rule(table: defaultTable),
  ]
  private var interfaces: [UInt32: Interface] = [:]
  private var neighbors: [Neighbor: [UInt8]] = [:]
  private var tables: [UInt32: [Prefix: Route]] = [:]
  /// The prefix lengths of each table's routes, longest first.
  private var lengths: [UInt32: [Int]] = [:]

  private struct Neighbor: Hashable {
    let interface: UInt32
    let address: IPAddress
  }

  private struct Prefix: Hashable {
    let address: IPAddress
    let length: Int
  }

  /// A network with some interfaces and no routes.
  public init(interfaces: [Interface] = [.loopback]) {
    for interface in interfaces { self.interfaces[interface.index] = interface }
  }

  public mutating func add(_ interface: Interface) { interfaces[interface.index] = interface }

  /// Adds a route, or puts it in place of the one with the same destination in its table.
  ///
  /// - Complexity: O(*n*), *n* the number of different prefix lengths in its table.
  public mutating func add(_ route: Route) {
    let length = min(max(route.prefixLength, 0), route.destination.width)
    let prefix = Prefix(address: route.destination.masked(to: length), length: length)
    tables[route.table, default: [:]][prefix] = route
    var known = lengths[route.table] ?? []
    if !known.contains(length) {
      let place = known.firstIndex { $0 < length } ?? known.count
      known.insert(length, at: place)
      lengths[route.table] = known
    }
  }

  /// Says which link-layer address (six bytes) a neighbour has.
  public mutating func add(
    neighbor address: IPAddress, on interface: UInt32, hardwareAddress: [UInt8]
  ) {
    precondition(hardwareAddress.count == 6, "a link-layer address has six bytes")
    neighbors[Neighbor(interface: interface, address: address)] = hardwareAddress
  }

  public func interface(_ index: UInt32) -> Interface? { interfaces[index] }

  func neighbor(_ address: IPAddress, on interface: UInt32) -> [UInt8]? {
    neighbors[Neighbor(interface: interface, address: address)]
  }

  /// Whether there is a table of a number.
  func hasTable(_ table: UInt32) -> Bool {
    tables[table] != nil || rules.contains { $0.table == table }
  }

  /// The route of a table with the longest prefix of an address, out of one interface if that matters.
  ///
  /// - Complexity: O(*n*), *n* the number of different prefix lengths in the table.
  func route(to address: IPAddress, in table: UInt32, leavingBy interface: UInt32?) -> Route? {
    guard let routes = tables[table], let lengths = lengths[table] else { return nil }
    for length in lengths where length <= address.width {
      let prefix = Prefix(address: address.masked(to: length), length: length)
      guard let route = routes[prefix] else { continue }
      if let interface, let own = route.action.interface, own != interface { continue }
      return route
    }
    return nil
  }

  /// The route that the rules lead to for a packet of a mark.
  func route(
    to address: IPAddress, mark: UInt32, leavingBy interface: UInt32?
  ) -> Route? {
    for rule in rules where (mark ^ rule.mark) & rule.mask == 0 {
      guard let route = route(to: address, in: rule.table, leavingBy: interface) else { continue }
      if case .throw = route.action { continue }
      return route
    }
    return nil
  }
}

extension NetworkTable.Action {
  /// The interface it sends packets out of.
  var interface: UInt32? {
    switch self {
    case .forward(let interface, _), .encapsulate(let interface): interface
    case .deliver, .blackhole, .unreachable, .prohibit, .throw: nil
    }
  }
}
