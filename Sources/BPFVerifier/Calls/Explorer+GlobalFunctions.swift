import BPFISA
import BPFPlatform

/// What a global function is given as an argument, as its prototype says.
enum GlobalArgument {
  case number
  case context
  /// Memory of a number of bytes.
  case memory(size: Int, isNullable: Bool)
  case dynptr
}

// Global functions: verified once, by themselves, for all arguments that their prototype allows, so that a call has to look at
// its arguments only (kernel: `btf_prepare_func_args`, `btf_check_func_arg_match`, `do_check_subprogs`).
extension Explorer {
  /// Calls a global function: the path goes on after it.
  mutating func callGlobal(
    _ target: Int, _ prototype: FunctionPrototype
  ) throws(Rejection.Problem) {
    guard lock == nil else { throw .callWhileLocked }
    let function = Int(code.functionIndices[target])
    let arguments = try globals.arguments(of: function, prototype, in: platform)
    let effects = globals.effects(of: function, in: code)
    if effects.contains(.callsTail) { try checkNoCallback() }
    for (position, argument) in arguments.enumerated() {
      try check(argument, in: register(position), effects)
    }
    if !isSpeculative { globals.add(function, from: root, at: slot, depth: depth) }
    if effects.contains(.movesPacket) { forgetPacket() }
    clobberCallerSaved()
    registers[index(.r0)] = .scalar(.unknown)
    slot += 1
  }

  private mutating func check(
    _ argument: GlobalArgument, in register: Register, _ effects: FunctionEffects
  ) throws(Rejection.Problem) {
    var value = try read(register)
    switch argument {
    case .number:
      guard value.isScalar else {
        throw .argument(register, expected: .number, found: summary(of: value))
      }
    case .context: try checkContextArgument(value, register)
    case .dynptr:
      let dynptr = try checkDynptrRead(value, register)
      guard !dynptr.flags.contains(.readOnly) else {
        throw .argument(register, expected: .writableDynptr, found: ValueSummary(.sample))
      }
    case .memory(let size, let isNullable):
      if isNullable {
        if isNull(value) { return }
        value.flags.remove(.nullable)
      } else if value.isNullable {
        throw .nullablePointer(register, summary(of: value))
      }
      // The function holds it as memory that stays where it is.
      if value.isPacket, effects.contains(.movesPacket) {
        throw .argument(register, expected: .fixedMemory, found: summary(of: value))
      }
      guard size > 0 || value.isPointer else {
        throw .argument(register, expected: .memory, found: summary(of: value))
      }
      try checkReadable(value, register, size)
      try checkWritable(value, register, size)
      if value.kind == .stack, size > 0 { try fillStack(value, register, size) }
    }
  }

  /// Sets what a global function is given where it is verified by itself.
  mutating func setArguments(ofGlobal function: Int) throws(Rejection.Problem) {
    guard let prototype = code.prototypes[function] else {
      preconditionFailure("a global function has a prototype")
    }
    let arguments = try globals.arguments(of: function, prototype, in: platform)
    for (position, argument) in arguments.enumerated() {
      let place = index(register(position))
      switch argument {
      case .number: registers[place] = .scalar(.unknown)
      case .context: registers[place] = .pointer(.context)
      case .dynptr: registers[place] = .pointer(.dynptr)
      case .memory(let size, let isNullable):
        registers[place] = .pointer(
          .memory, to: Int(Int32(clamping: size)), flags: isNullable ? .nullable : [],
          id: isNullable ? newID() : 0)
      }
    }
  }
}

extension PlatformRules {
  /// What a global function is given in a program of this type.
  ///
  /// - Throws: what it is declared with that cannot be verified for all arguments.
  func arguments(of prototype: FunctionPrototype) throws(Rejection.Problem) -> [GlobalArgument] {
    guard prototype.parameters.count <= 5 else {
      throw .prototype(.tooManyParameters(prototype.parameters.count))
    }
    guard prototype.result == .number else { throw .prototype(.result) }
    var arguments: [GlobalArgument] = []
    for (index, parameter) in prototype.parameters.enumerated() {
      arguments.append(try argument(for: parameter, index + 1))
    }
    return arguments
  }

  private func argument(
    for parameter: FunctionPrototype.Parameter, _ number: Int
  ) throws(Rejection.Problem) -> GlobalArgument {
    let tags = parameter.tags
    guard !tags.contains(.unknown) else { throw .prototype(.tags(parameter: number)) }
    let pointee: FunctionPrototype.Pointee
    switch parameter.kind {
    case .pointer(let target): pointee = target
    case .number:
      guard tags.isEmpty else { throw .prototype(.tags(parameter: number)) }
      return .number
    case .other:
      throw .prototype(tags.isEmpty ? .type(parameter: number) : .tags(parameter: number))
    }
    /// Throws unless there are no tags but some.
    func permit(_ permitted: FunctionPrototype.Tags) throws(Rejection.Problem) {
      guard tags.isSubset(of: permitted) else { throw .prototype(.tags(parameter: number)) }
    }
    if tags.contains(.context) || isContext(pointee) {
      try permit(.context)
      guard tags.isEmpty || mayBeContext(pointee) else {
        throw .prototype(.contextType(parameter: number))
      }
      return .context
    }
    if case .structure("bpf_dynptr") = pointee.kind {
      try permit([])
      return .dynptr
    }
    if tags.contains(.trusted) {
      try permit([.trusted, .nullable])
      throw .unsupported("kernel objects: arg:trusted")
    }
    if tags.contains(.untrusted) {
      try permit(.untrusted)
      throw .unsupported("arg:untrusted")
    }
    if tags.contains(.arena) {
      try permit(.arena)
      throw .unsupported("arena")
    }
    try permit(.nonNull)
    guard let size = pointee.size else { throw .prototype(.unknownSize(parameter: number)) }
    return .memory(size: size, isNullable: !tags.contains(.nonNull))
  }

  /// Whether a pointer to a structure is one to the context by the structure's name alone.
  private func isContext(_ pointee: FunctionPrototype.Pointee) -> Bool {
    guard case .structure(let name) = pointee.kind, pointee.size != nil,
      let context = type.contextStructure
    else { return false }
    // The kernel's own structures stand for what programs see of them.
    switch context {
    case "__sk_buff": return name == context || name == "sk_buff"
    case "xdp_md": return name == context || name == "xdp_buff"
    case _: return name == context
    }
  }

  /// Whether what is tagged as the context is declared as something that it may be.
  private func mayBeContext(_ pointee: FunctionPrototype.Pointee) -> Bool {
    switch type {
    case .tracepoint, .syscall: return true
    case _: break
    }
    switch pointee.kind {
    case .void: return true
    case .structure(let name):
      if type == .perfEvent, name == "pt_regs" { return true }
      return pointee.size != nil && name == type.contextStructure
    case .number:
      return pointee.size == 8 && (type == .rawTracepoint || type == .rawTracepointWritable)
    case .other: return false
    }
  }
}

extension ProgramType {
  /// The structure that a program of the type is given the address of, by its name in C; nil where it has none of its own.
  fileprivate var contextStructure: String? {
    switch self {
    case .socketFilter, .schedCLS, .schedACT, .cgroupSKB, .lwtIn, .lwtOut, .lwtXmit, .skSKB,
      .lwtSeg6Local, .flowDissector:
      "__sk_buff"
    case .xdp: "xdp_md"
    case .kprobe: "pt_regs"
    case .perfEvent: "bpf_perf_event_data"
    case .cgroupSock: "bpf_sock"
    case .sockOps: "bpf_sock_ops"
    case .cgroupDevice: "bpf_cgroup_dev_ctx"
    case .skMsg: "sk_msg_md"
    case .rawTracepoint, .rawTracepointWritable: "bpf_raw_tracepoint_args"
    case .cgroupSockAddr: "bpf_sock_addr"
    case .skReuseport: "sk_reuseport_md"
    case .cgroupSysctl: "bpf_sysctl"
    case .cgroupSockopt: "bpf_sockopt"
    case .skLookup: "bpf_sk_lookup"
    case .netfilter: "bpf_nf_ctx"
    case .seccomp: "seccomp_data"
    case .unspecified, .tracepoint, .lircMode2, .tracing, .structOps, .ext, .lsm, .syscall, .raw,
      .hostDefined:
      nil
    }
  }
}
