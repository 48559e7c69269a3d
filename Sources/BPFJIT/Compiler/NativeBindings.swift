import BPFISA
public import BPFPlatform

/// What a program's instructions stand for in this process: the addresses of its maps and of the functions it calls.
public struct NativeBindings: Sendable {
  /// How compiled code does what a helper does.
  public enum Helper: Hashable, Sendable {
    /// Calls a C function with `r1` to `r5` and the address of the run area's header.
    case function(CallTable.Target, arguments: Int)
    /// The same, after it wrote a word that tells the helper and the frame pointer into the header.
    case described(CallTable.Target, as: UInt64, arguments: Int)
    /// Calls a function with `r1` to `r3` and the header's address that returns the entry of another program or 0, and goes on
    /// there with what it left in the header.
    case tailCall(CallTable.Target)
    /// Reads the number of the worker.
    case workerNumber
    /// Keeps what follows from running ahead of what is before it.
    case speculationBarrier

    var argumentCount: Int {
      switch self {
      case .function(_, let arguments), .described(_, _, let arguments): arguments
      case .tailCall: 3
      case .workerNumber, .speculationBarrier: 0
      }
    }

    var isCall: Bool {
      switch self {
      case .function, .described, .tailCall: true
      case .workerNumber, .speculationBarrier: false
      }
    }

    var usesHeader: Bool { self != .speculationBarrier }

    /// Whether the function that calls it may not be returned to.
    var endsFunction: Bool {
      switch self {
      case .tailCall: true
      case .function, .described, .workerNumber, .speculationBarrier: false
      }
    }
  }

  /// The addresses of maps, in the order of ``Program/mapNames``.
  public var maps: [UInt64]
  /// The address and the size of what a map's instructions with a value's address reach, nil for a map without such.
  public var mapValues: [(address: UInt64, size: Int)?]
  private let helpers: @Sendable (HelperID) -> Helper?

  /// - Parameter helpers: nil for a helper that there is not.
  public init(
    maps: [UInt64] = [], mapValues: [(address: UInt64, size: Int)?] = [],
    helpers: @escaping @Sendable (HelperID) -> Helper?
  ) {
    self.maps = maps
    self.mapValues = mapValues
    self.helpers = helpers
  }

  func helper(_ id: HelperID) -> Helper? { helpers(id) }

  /// What a 16-byte load immediate that refers to a map loads; nil for one that there is not.
  func address(_ value: WideImmediate) -> UInt64? {
    switch value {
    case .mapIndex(let index): maps.indices.contains(Int(index)) ? maps[Int(index)] : nil
    case .mapIndexValue(let index, let offset):
      if mapValues.indices.contains(Int(index)), let value = mapValues[Int(index)], offset >= 0,
        Int(offset) <= value.size
      {
        value.address + UInt64(offset)
      } else {
        nil
      }
    case .value, .map, .mapValue, .variable, .function: nil
    }
  }
}
