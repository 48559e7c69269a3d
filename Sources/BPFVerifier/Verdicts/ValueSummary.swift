import BPFISA
import BPFPlatform

/// What a register held where a problem was found.
public struct ValueSummary: Hashable, Sendable, CustomStringConvertible {
  public let kind: Kind
  public let isNullable: Bool

  init(_ kind: Kind, isNullable: Bool = false) {
    self.kind = kind
    self.isNullable = isNullable
  }

  public enum Kind: Hashable, Sendable {
    case nothing
    case number
    case stack
    case context
    case packet
    case packetMetadata
    case packetEnd
    /// A map itself, by name.
    case map(String)
    case mapValue(String)
    case mapKey(String)
    /// Memory of a number of bytes.
    case memory(Int)
    case record
    case function
    case socket
    case socketCommon
    case tcpSocket
    case dynptr
    /// The dynptr of a sample, which is read only.
    case sample
    /// Stack bytes that are no dynptr.
    case otherBytes
  }

  public var description: String {
    let name =
      switch kind {
      case .nothing: "nothing"
      case .number: "a number"
      case .stack: "the stack"
      case .context: "the context"
      case .packet: "the packet"
      case .packetMetadata: "the packet's metadata"
      case .packetEnd: "the packet's end"
      case .map(let name): "map '\(name)' itself"
      case .mapValue(let name): "a value of map '\(name)'"
      case .mapKey(let name): "a key of map '\(name)'"
      case .memory(let size): "memory of \(size) bytes"
      case .record: "a ring buffer record"
      case .function: "a function"
      case .socket: "a socket"
      case .socketCommon: "a socket that may not be a full one"
      case .tcpSocket: "a TCP socket"
      case .dynptr: "a dynptr"
      case .sample: "a sample, which is read only"
      case .otherBytes: "other bytes"
      }
    return isNullable ? name + " or null" : name
  }
}

extension Explorer {
  /// What a value is, for a report.
  func summary(of value: Value) -> ValueSummary {
    let kind: ValueSummary.Kind =
      switch value.kind {
      case .uninitialized: .nothing
      case .scalar: .number
      case .stack: .stack
      case .context: .context
      case .packet: .packet
      case .packetMetadata: .packetMetadata
      case .packetEnd: .packetEnd
      case .map: .map(mapName(Int(value.object)))
      case .mapValue: .mapValue(mapName(Int(value.object)))
      case .mapKey: .mapKey(mapName(Int(value.object)))
      case .memory: value.flags.contains(.record) ? .record : .memory(Int(value.object))
      case .function: .function
      case .socket: .socket
      case .socketCommon: .socketCommon
      case .tcpSocket: .tcpSocket
      case .dynptr: .dynptr
      }
    return ValueSummary(kind, isNullable: value.isNullable)
  }

  func mapName(_ index: Int) -> String {
    if code.program.mapNames.indices.contains(index) { return code.program.mapNames[index] }
    return platform.maps.indices.contains(index) ? platform.maps[index].spec.name : "\(index)"
  }
}
