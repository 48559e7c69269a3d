// The kernel's dialect: as its verifier's log and bpftool print instructions.
extension Disassembler {
  /// The text of one instruction in the kernel's dialect, which begins with the opcode.
  ///
  /// - Parameters:
  ///   - target: The name of the function it calls; nil to write the displacement alone.
  ///   - name: What the helper, the kernel function or the map is called that it names by a number.
  func kernelText(of instruction: Instruction, target: String?, name: String?) -> String {
    // One that has no encoding has no opcode to show.
    let opcode = (try? instruction.encoded).map { paddedHexadecimal($0.first.opcode, digits: 2) }
    return "(\(opcode ?? "??")) " + kernelBody(of: instruction, target, name)
  }

  private func kernelBody(
    of instruction: Instruction, _ target: String?, _ name: String?
  ) -> String {
    switch instruction {
    case .arithmetic(let operation, let width, let destination, let operand):
      "\(destination.name(width)) \(operation.symbol) \(value(of: operand, width))"
    case .negate(let width, let destination):
      "\(destination.name(width)) = -\(destination.name(width))"
    case .moveSignExtended(let width, let size, let destination, let source):
      "\(destination.name(width)) = (\(size.signedTypeName))\(source.name(width))"
    case .byteSwap(let swap, let width, let destination):
      "\(destination.name) = \(swap.prefix)\(width.rawValue) \(destination.name)"
    case .castAddressSpace(let destination, let source, let to, let from):
      "\(destination.name) = addr_space_cast(\(source.name), \(to), \(from))"
    case .load(let size, let signExtended, let destination, let base, let offset):
      "\(destination.name) = *(\(signExtended ? size.signedTypeName : size.typeName) *)"
        + "(\(place(base, offset)))"
    case .store(let size, let base, let offset, let operand):
      "*(\(size.typeName) *)(\(place(base, offset))) = \(value(of: operand, .bits64))"
    case .atomic(let operation, let size, let base, let offset, let source):
      kernelBody(of: operation, size, place(base, offset), source.name)
    case .loadAcquire(let size, let destination, let base, let offset):
      "\(destination.name) = load_acquire((\(size.typeName) *)(\(place(base, offset))))"
    case .storeRelease(let size, let base, let offset, let source):
      "store_release((\(size.typeName) *)(\(place(base, offset))), \(source.name))"
    case .loadWide(let destination, let immediate):
      "\(destination.name) = \(value(of: immediate, name))"
    case .loadPacket(let size, .absolute(let immediate)):
      "r0 = *(\(size.typeName) *)skb[\(immediate)]"
    case .loadPacket(let size, .indirect(let register, let immediate)):
      "r0 = *(\(size.typeName) *)skb[\(register.name) + \(immediate)]"
    case .jump(let offset): "goto pc\(signed(offset))"
    case .jumpLong(let offset): "gotol pc\(signed(offset))"
    case .jumpIndirect(let register): "gotox \(register.name)"
    case .jumpIf(let condition, let width, let first, let second, let offset):
      "if \(first.name(width)) \(condition.symbol) \(compared(second, width)) goto pc\(signed(offset))"
    case .mayGoto(let offset): "may_goto pc\(signed(offset))"
    case .call(.helper(let number)): "call \(name ?? "unknown")#\(number)"
    case .call(.local(let displacement)):
      "call pc\(signed(displacement))\(target.map { "#" + $0 } ?? "")"
    case .call(.kernelFunction(let identifier, module: _)):
      "call \(name ?? "kernel-function")#\(identifier)"
    case .call(.register(let register)): "callx \(register.name)"
    case .exit: "exit"
    }
  }

  private func kernelBody(
    of operation: AtomicOperation, _ size: MemorySize, _ place: String, _ source: String
  ) -> String {
    let width = size == .double ? "64" : ""
    let memory = "(\(size.typeName) *)(\(place))"
    switch operation {
    case .add: return "lock *\(memory) += \(source)"
    case .or: return "lock *\(memory) |= \(source)"
    case .and: return "lock *\(memory) &= \(source)"
    case .xor: return "lock *\(memory) ^= \(source)"
    case .fetchAdd: return "\(source) = atomic\(width)_fetch_add(\(memory), \(source))"
    case .fetchOr: return "\(source) = atomic\(width)_fetch_or(\(memory), \(source))"
    case .fetchAnd: return "\(source) = atomic\(width)_fetch_and(\(memory), \(source))"
    case .fetchXor: return "\(source) = atomic\(width)_fetch_xor(\(memory), \(source))"
    case .exchange: return "\(source) = atomic\(width)_xchg(\(memory), \(source))"
    case .compareExchange: return "r0 = atomic\(width)_cmpxchg(\(memory), r0, \(source))"
    }
  }

  // MARK: Operands

  private func signed(_ value: some BinaryInteger) -> String {
    value < 0 ? "\(value)" : "+\(value)"
  }

  /// `r1 +8`.
  private func place(_ base: Register, _ offset: Int16) -> String {
    "\(base.name) \(signed(offset))"
  }

  private func value(of operand: Operand, _ width: ArithmeticWidth) -> String {
    switch operand {
    case .register(let register): register.name(width)
    case .immediate(let immediate): "\(immediate)"
    }
  }

  /// What a register is compared with: 32 bits in hexadecimal, also where they are extended to 64.
  private func compared(_ operand: Operand, _ width: ArithmeticWidth) -> String {
    switch operand {
    case .register(let register): register.name(width)
    case .immediate(let immediate): hexadecimal(UInt32(bitPattern: immediate))
    }
  }

  private func value(of immediate: WideImmediate, _ name: String?) -> String {
    switch immediate {
    case .value(let value): hexadecimal(value)
    case .map(let descriptor): "map[\(name ?? "fd:\(descriptor)")]"
    case .mapValue(let descriptor, let offset):
      "map[\(name ?? "fd:\(descriptor)")][0]+\(UInt32(bitPattern: offset))"
    case .mapIndex(let index): "map[\(name ?? "idx:\(index)")]"
    case .mapIndexValue(let index, let offset):
      "map[\(name ?? "idx:\(index)")][0]+\(UInt32(bitPattern: offset))"
    case .function(let displacement): "subprog[\(signed(displacement))]"
    case .variable:
      hexadecimal(
        UInt64(UInt32(bitPattern: immediate.fields.first))
          | UInt64(UInt32(bitPattern: immediate.fields.second)) << 32)
    }
  }
}
