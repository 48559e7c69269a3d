import BPFISA
import BPFPlatform

// The state as text, in the shape of the kernel's log (`print_verifier_state`): what registers and stack of the running
// function hold, references and lock.
extension Explorer {
  /// Writes the state before the instruction reached.
  func writeState(to log: VerificationLog) {
    var parts: [String] = []
    if depth > 0 { parts.append("frame\(depth):") }
    for register in 0..<Self.registerCount {
      let value = registers[depth * Self.registerCount + register]
      if value.kind == .uninitialized { continue }
      parts.append("R\(register)=\(text(of: value))")
    }
    var occupied = frames[depth].occupied
    while occupied != 0 {
      // From the frame pointer downwards.
      let place = 63 - occupied.leadingZeroBitCount
      occupied &= ~(1 << UInt64(place))
      let slot = stacks[depth * Self.slotCount + place]
      if slot.bytes == 0 { continue }
      parts.append("fp-\((Self.slotCount - place) * 8)=\(text(of: slot))")
    }
    if !references.isEmpty {
      parts.append("refs=" + references.map { "\($0.id)" }.joined(separator: ","))
    }
    if let lock { parts.append("lock=\(mapName(Int(lock.map)))") }
    log.write(slot, parts.joined(separator: " "))
  }

  private func text(of slot: StackSlot) -> String {
    let spillSize = Int(slot.value.spillSize)
    var letters = ""
    // The byte of the highest address first.
    for byte in (spillSize..<8).reversed() {
      switch slot.kind(ofByte: byte) {
      case StackSlot.ByteKind.uninitialized: letters += "?"
      case StackSlot.ByteKind.data: letters += "m"
      case StackSlot.ByteKind.zero: letters += "0"
      case StackSlot.ByteKind.dynptr: letters += "d"
      case _: letters += "r"
      }
    }
    return spillSize > 0 ? letters + text(of: slot.value) : letters
  }

  private func text(of value: Value) -> String {
    switch value.kind {
    case .uninitialized: return "?"
    case .scalar: return Self.scalarText(value)
    case .stack:
      let frame = Int(value.object)
      let name = frame == depth ? "fp" : "fp[\(frame)]"
      guard value.hasConstantOffset else { return "\(name)(\(attributes(of: value)))" }
      let sign = value.offset > 0 ? "+" : ""
      return value.isNullable
        ? "\(name)_or_null(off=\(value.offset))" : "\(name)\(sign)\(value.offset)"
    case .context, .packet, .packetMetadata, .packetEnd, .map, .mapValue, .mapKey, .memory,
      .function, .socket, .socketCommon, .tcpSocket, .dynptr:
      let prefix = value.flags.contains(.readOnly) ? "rdonly_" : ""
      let suffix = value.isNullable ? "_or_null" : ""
      return "\(prefix)\(name(of: value))\(suffix)(\(attributes(of: value)))"
    }
  }

  private func name(of value: Value) -> String {
    switch value.kind {
    case .uninitialized, .scalar: "scalar"
    case .stack: "fp"
    case .context: "ctx"
    case .packet: "pkt"
    case .packetMetadata: "pkt_meta"
    case .packetEnd: "pkt_end"
    case .map: "map_ptr"
    case .mapValue: "map_value"
    case .mapKey: "map_key"
    case .memory: value.flags.contains(.record) ? "ringbuf_mem" : "mem"
    case .function: "func"
    case .socket: "sock"
    case .socketCommon: "sock_common"
    case .tcpSocket: "tcp_sock"
    case .dynptr: "dynptr"
    }
  }

  private func attributes(of value: Value) -> String {
    var parts: [String] = []
    if value.id != 0 { parts.append("id=\(value.id)") }
    if value.reference != 0 { parts.append("ref_obj_id=\(value.reference)") }
    switch value.kind {
    case .map, .mapValue, .mapKey:
      let index = Int(value.object)
      parts.append("map=\(mapName(index))")
      if platform.maps.indices.contains(index) {
        let spec = platform.maps[index].spec
        parts.append("ks=\(spec.keySize),vs=\(spec.valueSize)")
      }
    case .memory, .dynptr: parts.append("sz=\(value.object)")
    case .function: parts.append("insn=\(value.object)")
    case .uninitialized, .scalar, .stack, .context, .packet, .packetMetadata, .packetEnd, .socket,
      .socketCommon, .tcpSocket:
      break
    }
    if value.offset != 0 { parts.append("off=\(value.offset)") }
    if value.kind == .packet || value.kind == .packetMetadata { parts.append("r=\(value.range)") }
    if !value.hasConstantOffset { parts += Self.bounds(of: value.number) }
    return parts.joined(separator: ",")
  }

  // MARK: Numbers

  private static func scalarText(_ value: Value) -> String {
    if let constant = value.number.constant {
      let signed = Int64(bitPattern: constant)
      return signed.magnitude < 1 << 32 ? "\(signed)" : hexadecimal(constant)
    }
    var parts =
      value.id == 0 ? [] : ["id=\(value.id)" + (value.offset == 0 ? "" : "+\(value.offset)")]
    parts += bounds(of: value.number)
    return "scalar(\(parts.joined(separator: ",")))"
  }

  /// The bounds and bits that say something, equal ones together.
  private static func bounds(of number: Number) -> [String] {
    let whole = number.range
    let low = number.low
    var parts: [(name: String, text: String)] = []
    func add(_ name: String, _ text: String, unless isOpen: Bool) {
      if isOpen { return }
      if let index = parts.firstIndex(where: { $0.text == text }) {
        parts[index].name += "=" + name
      } else {
        parts.append((name, text))
      }
    }
    add("smin", signed(number.signedMinimum), unless: number.signedMinimum == .min)
    add("umin", unsigned(whole.minimum), unless: whole.minimum == 0)
    add("smin32", signed(Int64(low.signedMinimum.signed)), unless: low.signedMinimum == 1 << 31)
    add("umin32", unsigned(UInt64(low.minimum)), unless: low.minimum == 0)
    add("smax", signed(number.signedMaximum), unless: number.signedMaximum == .max)
    add("umax", unsigned(whole.maximum), unless: whole.maximum == .max)
    add("smax32", signed(Int64(low.signedMaximum.signed)), unless: low.signedMaximum == .max >> 1)
    add("umax32", unsigned(UInt64(low.maximum)), unless: low.maximum == .max)
    var texts = parts.map { "\($0.name)=\($0.text)" }
    if number.bits.mask != .max {
      texts.append(
        "var_off=(\(hexadecimal(number.bits.value)); \(hexadecimal(number.bits.mask)))")
    }
    return texts
  }

  private static func signed(_ number: Int64) -> String {
    number.magnitude < 1 << 32 ? "\(number)" : hexadecimal(UInt64(bitPattern: number))
  }

  private static func unsigned(_ number: UInt64) -> String {
    number < 1 << 32 ? "\(number)" : hexadecimal(number)
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    "0x" + String(number, radix: 16)
  }
}
