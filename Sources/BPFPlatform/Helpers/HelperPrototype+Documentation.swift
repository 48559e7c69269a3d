extension HelperPrototype {
  /// The page of all helpers (`Documentation/Helpers.md`).
  public static func documentation() -> String {
    var page = """
      # Helpers

      Generated from the table of `Sources/BPFPlatform/Helpers`; the tests compare it with the running kernel. It says what
      Linux 6.18 offers. What runs in BPFKit is `ExecutionFrame.implementedHelpers`; a program that calls another helper is
      told its name.

      **Arguments** in r1 to r5: `context`; `map`; `key` and `value` of that map; `memory` to read, `memory out` to be
      filled, `memory in out` to be read and written, each with its `size` in the next argument (`size > 0` where it must not
      be 0); `in N`, `out N`, `in out N`, memory of N bytes; `any` number; `function`, `lock`, `timer`, `record` and `dynptr`
      as BPF programs know them; sockets and other objects of the kernel. `?` means: or null.

      **Effects**: `moves packets`: packet pointers are invalid after the call. `acquires`: the program has to release what it
      gets. `releases r1`: it no longer owns that. `GPL`: for programs under a compatible licence. `sleeps`: for sleepable
      programs.

      **Callers**: `all` are all types but `seccomp` and, where it is not named, `lirc_mode2`; `kernel` are those but `raw`.
      A program of type `ext` may call what the program it replaces may.

      | number | name | arguments | result | effects | callers |
      |---|---|---|---|---|---|

      """
    for prototype in all { page += prototype.row + "\n" }
    return page
  }

  private var row: String {
    var shapes = [Self.list(arguments)]
    if let variant, variant.arguments != arguments {
      let names = Self.names(of: variant.programTypes)
      shapes.append("in \(names): \(Self.list(variant.arguments))")
    }
    var effects: [String] = []
    if invalidatesPacketPointers { effects.append("moves packets") }
    if acquiresReference { effects.append("acquires") }
    if let releasedArgument { effects.append("releases r\(releasedArgument + 1)") }
    if maySleep { effects.append("sleeps") }
    if requiresGPL {
      let exempt = variant.map { $0.requiresGPL ? [] : $0.programTypes } ?? []
      let offered = exempt.filter { !requiresGPL(in: $0) && variant?.arguments == arguments }
      effects.append(offered.isEmpty ? "GPL" : "GPL, not in \(Self.names(of: offered))")
    }
    let cells = [
      "\(id.rawValue)", "`\(name)`", shapes.joined(separator: "; "), result.term,
      effects.joined(separator: ", "), callers,
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  private static func list(_ arguments: [ArgumentKind]) -> String {
    arguments.isEmpty ? "none" : arguments.map(\.term).joined(separator: ", ")
  }

  private static func names(of types: Set<ProgramType>) -> String {
    types.sorted { $0.rawValue < $1.rawValue }.map(\.name).joined(separator: ", ")
  }

  /// Who may call it, in a few words where they are many.
  private var callers: String {
    let types = programTypes.subtracting([.ext])
    for (name, group) in [
      ("kernel", Set.kernelPrograms), ("all", .programs), ("all, lirc_mode2", .everywhere),
    ] {
      let missing = group.subtracting([.ext]).subtracting(types)
      guard types.isSubset(of: group), missing.count <= 12 else { continue }
      return missing.isEmpty ? name : "\(name) but \(Self.names(of: missing))"
    }
    return types.isEmpty ? "none" : Self.names(of: types)
  }
}

extension HelperPrototype.ArgumentKind {
  /// The kind as the page of helpers names it.
  fileprivate var term: String {
    switch self {
    case .anything: "any"
    case .anythingOrNothing: "any or none"
    case .context: "context"
    case .contextOrNull: "context?"
    case .map: "map"
    case .mapKey: "key"
    case .mapValue: "value"
    case .mapValueOrNull: "value?"
    case .uninitializedMapValue: "value out"
    case .memory: "memory"
    case .memoryOrNull: "memory?"
    case .writableMemory: "memory in out"
    case .writableMemoryOrNull: "memory in out?"
    case .uninitializedMemory: "memory out"
    case .size: "size > 0"
    case .sizeOrZero: "size"
    case .output(let size): "out \(size)"
    case .input(let size): "in \(size)"
    case .inputOutput(let size): "in out \(size)"
    case .stackOrNull: "stack?"
    case .reservedRecord: "record"
    case .reservationSize: "constant size"
    case .constantString: "constant string"
    case .function: "function"
    case .spinLock: "lock"
    case .timer: "timer"
    case .kernelPointerSlot: "kernel pointer in a map value"
    case .dynptr(.makesLocal), .dynptr(.makesRecord): "new dynptr"
    case .dynptr(.reads): "dynptr"
    case .dynptr(.writes): "writable dynptr"
    case .dynptr(.releasesRecord): "dynptr of a record"
    case .socketCommon: "sock_common"
    case .socketCommonOrNull: "sock_common?"
    case .socket: "socket"
    case .socketOrNull: "socket?"
    case .kernelObject: "object"
    case .kernelObjectOrNull: "object?"
    case .perCPUKernelObject: "per-CPU object"
    }
  }
}

extension HelperPrototype.ResultKind {
  /// The kind as the page of helpers names it.
  fileprivate var term: String {
    switch self {
    case .integer: "number"
    case .void: "nothing"
    case .mapValue: "value"
    case .mapValueOrNull: "value?"
    case .reservedRecordOrNull: "record?"
    case .dynptrDataOrNull: "memory?"
    case .socketOrNull: "socket?"
    case .tcpSocketOrNull: "tcp_sock?"
    case .socketCommonOrNull: "sock_common?"
    case .kernelObject: "object"
    case .kernelObjectOrNull: "object?"
    case .perCPUObject: "per-CPU object"
    case .perCPUObjectOrNull: "per-CPU object?"
    }
  }
}
