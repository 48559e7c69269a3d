import BPFISA
import BPFJIT
import BPFPlatform

/// What a program's instructions are bound to when it is compiled.
struct ProgramBindings: Sendable {
  let native: NativeBindings
  let hostHelpers: HostHelpers
  /// The host's closures that code refers to by their addresses, which have to live as long.
  private let closures: [HelperID: BoundHelper]

  init(type: ProgramType, maps: [Map], hostHelpers: HostHelpers) {
    self.hostHelpers = hostHelpers
    var closures: [HelperID: BoundHelper] = [:]
    for prototype in hostHelpers.prototypes {
      if let helper = hostHelpers[prototype.id], case .closure = helper.body {
        closures[prototype.id] = BoundHelper(helper)
      }
    }
    self.closures = closures
    // The map of a load immediate is the bits of a reference to it; the program keeps the map.
    native = NativeBindings(
      maps: maps.map { unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained($0).toOpaque())) },
      mapValues: maps.map { map in
        map.valueMemory.map { memory in
          unsafe (UInt64(UInt(bitPattern: memory.base)), memory.stride * memory.count)
        }
      },
      helpers: { [closures] id in
        Self.binding(of: id, type: type, hostHelpers: hostHelpers, closures: closures)
      })
  }

  private static func binding(
    of id: HelperID, type: ProgramType, hostHelpers: HostHelpers,
    closures: [HelperID: BoundHelper]
  ) -> NativeBindings.Helper? {
    if let helper = hostHelpers[id], helper.prototype.allowed(in: type) {
      let arguments = helper.prototype.arguments.count
      let name = helper.prototype.name
      switch helper.body {
      case .function(let function):
        let address = unsafe UInt64(unsafeBitCast(function, to: UInt.self))
        return .function(CallTable.Target(name: name, address: address), arguments: arguments)
      case .closure:
        guard let closure = closures[id] else { return nil }
        let bits = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(closure).toOpaque()))
        return .described(NativeCalls.closure, as: bits, arguments: arguments)
      }
    }
    switch id {
    case .hashMapLookup: return .function(NativeCalls.hashLookup, arguments: 2)
    case .prefixMapLookup: return .function(NativeCalls.prefixLookup, arguments: 2)
    case .packetLoad: return described(id, NativeCalls.helper, arguments: 5)
    case .speculationBarrier: return .speculationBarrier
    case _: break
    }
    let bit = CheckedCall.bit(of: type)
    guard let call = unsafe CheckedCall.to(id.rawValue, in: bit),
      unsafe call.pointee.isImplemented, unsafe call.pointee.allowed(in: bit)
    else { return nil }
    let arguments = unsafe call.pointee.argumentCount
    switch id {
    case .tailCall: return .tailCall(NativeCalls.tailCall)
    case .getProcessorID: return .workerNumber
    case .loop: return described(id, NativeCalls.loop, arguments: arguments)
    case .forEachMapElement: return described(id, NativeCalls.forEachElement, arguments: arguments)
    case .userRingBufferDrain: return described(id, NativeCalls.drainSamples, arguments: arguments)
    case .timerInit, .timerSetCallback, .timerStart, .timerCancel:
      return described(id, NativeCalls.timer, arguments: arguments)
    case _: return described(id, NativeCalls.helper, arguments: arguments)
    }
  }

  private static func described(
    _ id: HelperID, _ target: CallTable.Target, arguments: Int
  ) -> NativeBindings.Helper {
    .described(target, as: UInt64(bitPattern: Int64(id.rawValue)), arguments: arguments)
  }

  /// Whether a program has to record its calls: it asks for call stacks, or leads to programs that may.
  func recordsCalls(_ program: Program) -> Bool {
    program.slots.contains { slot in
      guard slot.opcode == 0x85, slot.source == 0 else { return false }
      switch HelperID(rawValue: slot.immediate) {
      case .getStack, .getStackID: return true
      case .tailCall: return program.subprograms.count > 1
      case _: return false
      }
    }
  }
}
