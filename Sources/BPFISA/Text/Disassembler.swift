/// Writes instructions as text, in the dialect of LLVM or of the kernel's tools.
public struct Disassembler: Hashable, Sendable {
  public var style: TextStyle

  public init(style: TextStyle = TextStyle()) {
    self.style = style
  }

  /// The text of one instruction.
  ///
  /// - Parameters:
  ///   - target: The label to write for where the instruction branches, or for the function it calls or takes the
  ///     address of; nil to write the displacement. The kernel's dialect always has the displacement, and adds the name
  ///     of a function that is called.
  ///   - name: In the kernel's dialect, the name of the helper, kernel function or map that the instruction has by
  ///     number; nil to write it as the kernel does one it does not know.
  public func text(
    of instruction: Instruction, target: String? = nil, name: String? = nil
  ) -> String {
    if style.dialect == .kernel {
      return kernelText(of: instruction, target: target, name: name)
    }
    return switch instruction {
    case .arithmetic(let operation, let width, let destination, let operand):
      "\(destination.name(width)) \(operation.symbol) \(text(of: operand, width))"
    case .negate(let width, let destination):
      "\(destination.name(width)) = -\(destination.name(width))"
    case .moveSignExtended(let width, let size, let destination, let source):
      "\(destination.name(width)) = (\(size.signedTypeName))\(source.name(width))"
    case .byteSwap(let swap, let width, let destination):
      "\(destination.name) = \(swap.prefix)\(width.rawValue) \(destination.name)"
    case .castAddressSpace(let destination, let source, let to, let from):
      "\(destination.name) = addr_space_cast(\(source.name), \(style.number(to)), \(style.number(from)))"
    case .load(let size, let signExtended, let destination, let base, let offset):
      signExtended
        ? "\(destination.name) = *(\(size.signedTypeName) *)(\(address(base, offset)))"
        : "\(destination.name(size.valueWidth)) = \(memory(size, base, offset))"
    case .store(let size, let base, let offset, let operand):
      "\(memory(size, base, offset)) = \(text(of: operand, size.valueWidth))"
    case .atomic(let operation, let size, let base, let offset, let source):
      text(of: operation, size, base, offset, source)
    case .loadAcquire(let size, let destination, let base, let offset):
      "\(destination.name(size.valueWidth)) = load_acquire((\(size.typeName) *)(\(address(base, offset))))"
    case .storeRelease(let size, let base, let offset, let source):
      "store_release((\(size.typeName) *)(\(address(base, offset))), \(source.name(size.valueWidth)))"
    case .loadWide(let destination, let immediate):
      text(of: immediate, to: destination, target: target)
    case .loadPacket(let size, let packetOffset):
      "r0 = *(\(size.typeName) *)skb[\(text(of: packetOffset))]"
    case .jump(let offset):
      "goto \(target ?? style.signed(offset))"
    case .jumpLong(let offset):
      "gotol \(target ?? style.signed(offset))"
    case .jumpIndirect(let register):
      "gotox \(register.name)"
    case .jumpIf(let condition, let width, let first, let second, let offset):
      "if \(first.name(width)) \(condition.symbol) \(text(of: second, width)) goto "
        + (target ?? style.signed(offset))
    case .mayGoto(let offset):
      "may_goto \(target ?? style.signed(offset))"
    case .call(let callee):
      text(of: callee, target: target)
    case .exit:
      "exit"
    }
  }

  // MARK: Operands

  private func text(of operand: Operand, _ width: ArithmeticWidth) -> String {
    switch operand {
    case .register(let register): register.name(width)
    case .immediate(let immediate): style.number(immediate)
    }
  }

  /// `r1 + 0x8`, `r1 - 0x8`.
  private func address(_ base: Register, _ offset: Int16) -> String {
    "\(base.name) \(offset < 0 ? "-" : "+") \(style.number(offset.magnitude))"
  }

  /// `*(u32 *)(r1 + 0x8)`.
  private func memory(_ size: MemorySize, _ base: Register, _ offset: Int16) -> String {
    "*(\(size.typeName) *)(\(address(base, offset)))"
  }

  private func text(
    of operation: AtomicOperation, _ size: MemorySize, _ base: Register, _ offset: Int16,
    _ source: Register
  ) -> String {
    let isDouble = size == .double
    let value = source.name(size.valueWidth)
    switch operation.spelling {
    case .lock(let arithmetic):
      return "lock \(memory(size, base, offset)) \(arithmetic.symbol) \(value)"
    case .function(let name):
      return "\(value) = \(name)((\(size.typeName) *)(\(address(base, offset))), \(value))"
    case .exchange(let double, let word):
      return "\(value) = \(isDouble ? double : word)(\(address(base, offset)), \(value))"
    case .compareExchange(let double, let word):
      let expected = Register.r0.name(size.valueWidth)
      return
        "\(expected) = \(isDouble ? double : word)(\(address(base, offset)), \(expected), \(value))"
    }
  }

  private func text(of packetOffset: PacketOffset) -> String {
    switch packetOffset {
    case .absolute(let immediate):
      return style.number(immediate)
    case .indirect(let register, let immediate):
      if style.dialect != .lossless || immediate == 0 { return register.name }
      let sign = immediate < 0 ? "-" : "+"
      return "\(register.name) \(sign) \(style.number(immediate.magnitude))"
    }
  }

  private func text(
    of immediate: WideImmediate, to destination: Register, target: String?
  ) -> String {
    if case .value(let value) = immediate {
      return "\(destination.name) = \(style.number(Int64(bitPattern: value))) ll"
    }
    switch style.dialect {
    case .llvm, .kernel:
      let (kind, first, _) = immediate.fields
      return "ld_pseudo\t\(destination.name), \(style.number(kind.rawValue)), "
        + style.number(UInt32(bitPattern: first))
    case .lossless:
      return "\(destination.name) = \(losslessText(of: immediate, target: target))"
    }
  }

  private func losslessText(of immediate: WideImmediate, target: String?) -> String {
    switch immediate {
    case .value(let value): "\(style.number(Int64(bitPattern: value))) ll"
    case .map(let descriptor): "map[fd:\(descriptor)]"
    case .mapValue(let descriptor, let offset):
      "map[fd:\(descriptor)][0]\(style.signed(offset))"
    case .variable(let identifier, let module): "var[id:\(identifier), fd:\(module)]"
    case .function(let displacement): "subprog[\(target ?? style.signed(displacement))]"
    case .mapIndex(let index): "map[idx:\(index)]"
    case .mapIndexValue(let index, let offset): "map[idx:\(index)][0]\(style.signed(offset))"
    }
  }

  private func text(of callee: CallTarget, target: String?) -> String {
    switch callee {
    case .helper(let helper):
      "call \(style.number(helper))"
    case .local(let displacement):
      switch style.dialect {
      case .llvm, .kernel: "call \(style.number(displacement))"
      case .lossless: "call \(target ?? "pc" + style.signed(displacement))"
      }
    case .kernelFunction(let identifier, let module):
      switch style.dialect {
      case .llvm, .kernel: "call \(style.number(identifier))"
      case .lossless:
        module == 0
          ? "call kfunc[id:\(identifier)]" : "call kfunc[id:\(identifier), module:\(module)]"
      }
    case .register(let register):
      "callx \(register.name)"
    }
  }
}

extension MemorySize {
  /// The width of the register that holds a value of the size in text.
  var valueWidth: ArithmeticWidth {
    switch self {
    case .byte, .half, .word: .bits32
    case .double: .bits64
    }
  }
}

extension Instruction: CustomStringConvertible {
  /// The text of the instruction, which assembles to it.
  public var description: String {
    Disassembler().text(of: self)
  }
}
