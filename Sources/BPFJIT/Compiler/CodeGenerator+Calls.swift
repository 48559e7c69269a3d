import BPFISA
import BPFPlatform
import BPFRewriter

// Functions: how they begin and end, and what they call.
//
// A program is entered as a C function of `r1`, `r2` and the frame pointer, and so is a program that a tail call leads to; a
// function of it gets its arguments in registers and takes the next frame if it uses one. What C functions must keep they
// keep; the stack is aligned to 16 bytes at every call.
extension CodeGenerator {
  private static let savedRegisters: [(register: Register, machine: GeneralRegister)] = [
    (.r6, .rbx), (.r7, .r13), (.r8, .r14), (.r9, .r15),
  ]

  private var isEntry: Bool { function == 0 }

  /// The machine registers that the function saves, in the order in which it pushes them.
  private var pushed: [GeneralRegister] {
    var pushed: [GeneralRegister] = []
    if isEntry {
      if listing.usesStack { pushed.append(.rbp) }
      if listing.usesHeader { pushed.append(.r12) }
    }
    let bounds = listing.functions[function]
    for saved in Self.savedRegisters where bounds.writes & saved.register.bit != 0 {
      pushed.append(saved.machine)
    }
    return pushed
  }

  /// Whether a push more aligns the stack, for a function that calls any.
  private func needsPadding(_ pushed: Int) -> Bool {
    listing.functions[function].calls && pushed.isMultiple(of: 2)
  }

  private static let stride = Int32(TargetABI.frameStride)

  mutating func emitPrologue() {
    let pushed = pushed
    for register in pushed { encoder.push(register) }
    if needsPadding(pushed.count) { encoder.push(.rax) }
    if isEntry {
      if listing.usesStack { encoder.move(.bits64, .rbp, .rdx) }
      if listing.usesHeader { emitHeaderAddress() }
      clear(neededBefore(0) & (Register.r3.bit | Register.r4.bit | Register.r5.bit))
    } else if listing.functions[function].usesStack {
      encoder.operate(.add, .bits64, .rbp, Self.stride)
    }
  }

  /// The run area's header from the frame pointer.
  private mutating func emitHeaderAddress() {
    encoder.move(.bits64, .r12, .rbp)
    encoder.operate(.and, .bits64, .r12, Int32(-TargetABI.areaSize))
  }

  /// Gives back the stack and the registers, but does not return. Keeps `rax`, `rdi`, `rsi` and `rdx`.
  private mutating func emitLeave() {
    let pushed = pushed
    if !isEntry, listing.functions[function].usesStack {
      encoder.operate(.subtract, .bits64, .rbp, Self.stride)
    }
    if needsPadding(pushed.count) { encoder.pop(.rcx) }
    for register in pushed.reversed() { encoder.pop(register) }
  }

  mutating func exit() {
    settle(Register.r0.bit)
    defer { forgetAll() }
    let start = encoder.code.count
    if let epilogue, epilogue.size > (start - epilogue.offset < 120 ? 2 : 5) {
      branches.emit(nil, to: epilogueLabel(of: function), &encoder)
      return
    }
    emitLeave()
    encoder.returnToCaller()
    guard epilogue == nil else { return }
    epilogue = (start, encoder.code.count - start)
    branches.setLabel(epilogueLabel(of: function), at: start)
  }

  /// Calls a function of the program.
  mutating func callFunction(at callee: Int) {
    settle(needed)
    if let base = options.stackBase {
      // The callee's frame says where it was called.
      encoder.move(.r11, base | UInt64(slot))
      encoder.store(.double, Address(.rbp, Self.stride), .r11)
    }
    encoder.callNear()
    localCalls.append((branches.place(at: encoder.code.count), callee))
    forgetResult()
  }

  /// After a call, `r0` to `r5` are as the callee left them.
  private mutating func forgetResult() {
    zeroExtended &= ~0x3f
    clear(neededAfter & RegisterSet.arguments.rawValue)
  }

  /// Clears registers that nobody has set and that are looked at all the same, by a helper that may get fewer arguments than it
  /// has (`bpf_trace_printk`): what functions outside left in them is nobody's business.
  private mutating func clear(_ registers: UInt16) {
    var rest = registers
    while rest != 0 {
      let register = Self.lowest(rest)
      rest &= rest - 1
      encoder.move(register.machine, 0)
      zeroExtended |= register.bit
    }
  }

  mutating func callHelper(_ helper: HelperID) {
    guard let binding = bindings.helper(helper) else {
      preconditionFailure("the listing has found every helper")
    }
    switch binding {
    case .function(let target, _):
      settle(needed)
      encoder.move(.bits64, .r9, .r12)
      call(target)
      forgetResult()
    case .described(let target, let description, _):
      settle(needed)
      recordCallSite()
      encoder.callNear()
      stubCalls.append(
        (branches.place(at: encoder.code.count), stub(of: helper, target, description)))
      forgetResult()
    case .tailCall(let target):
      settle(needed)
      recordCallSite()
      tailCall(target)
    case .workerNumber:
      define(.r0)
      encoder.load(.word, .rax, Address(.r12, Int32(TargetABI.workerOffset)))
      zeroExtended |= Register.r0.bit
    case .speculationBarrier:
      materialize(needed & loadMask)
      encoder.loadFence()
    }
  }

  /// Leaves in the header which instruction calls.
  private mutating func recordCallSite() {
    guard let base = options.stackBase else { return }
    encoder.move(.r11, base | UInt64(slot))
    encoder.store(.double, Address(.r12, Int32(TargetABI.callSiteOffset)), .r11)
  }

  /// Calls a C function wherever it is.
  private mutating func call(_ target: CallTable.Target) {
    if options.callsNear { encoder.callNear() } else { encoder.callThroughTable() }
    callSites.append((branches.place(at: encoder.code.count), calls.index(of: target)))
  }

  private mutating func tailCall(_ target: CallTable.Target) {
    encoder.store(.double, Address(.r12, Int32(TargetABI.framePointerOffset)), .rbp)
    encoder.move(.bits64, .rcx, .r12)
    call(target)
    encoder.test(.bits64, .rax, .rax)
    let site = encoder.code.count
    encoder.jumpShort(if: .equal, 0)
    encoder.load(.double, .rdi, Address(.r12, Int32(TargetABI.firstArgumentOffset)))
    encoder.load(.double, .rsi, Address(.r12, Int32(TargetABI.secondArgumentOffset)))
    encoder.move(.bits64, .rdx, .rbp)
    emitLeave()
    encoder.jump(.rax)
    encoder.code[byte: site + 1] = UInt8(encoder.code.count - site - 2)
    forgetResult()
  }

  /// The stub of a helper.
  private mutating func stub(
    of helper: HelperID, _ target: CallTable.Target, _ description: UInt64
  ) -> Int {
    if let index = stubs.firstIndex(where: { $0.helper == helper }) { return index }
    stubs.append((helper, target, description))
    return stubs.count - 1
  }

  /// Writes what calls helpers by number: a function for each of them. Where they are.
  mutating func emitStubs() -> [BranchTable.Place] {
    var places: [BranchTable.Place] = []
    for stub in stubs {
      places.append(branches.place(at: encoder.code.count))
      encoder.store(.double, Address(.r12, Int32(TargetABI.framePointerOffset)), .rbp)
      let place = Address(.r12, Int32(TargetABI.helperOffset))
      if let short = Int32(exactly: Int64(bitPattern: stub.description)) {
        encoder.store(.double, place, short)
      } else {
        encoder.move(.r11, stub.description)
        encoder.store(.double, place, .r11)
      }
      encoder.move(.bits64, .r9, .r12)
      if options.callsNear { encoder.jump(0) } else { encoder.jumpThroughTable() }
      callSites.append((branches.place(at: encoder.code.count), calls.index(of: stub.target)))
    }
    return places
  }

  /// Writes what helpers call for each function whose address they are given: a C function of `r1` to `r5` and the frame
  /// pointer.
  mutating func emitCallbackEntries() -> [(slot: Int, place: BranchTable.Place)] {
    var places: [(slot: Int, place: BranchTable.Place)] = []
    for function in listing.functions where function.isCallback {
      places.append((function.start, branches.place(at: encoder.code.count)))
      encoder.push(.rbp)
      encoder.push(.r12)
      encoder.push(.rax)
      encoder.move(.bits64, .rbp, .r9)
      emitHeaderAddress()
      encoder.callNear()
      localCalls.append((branches.place(at: encoder.code.count), function.start))
      encoder.pop(.rcx)
      encoder.pop(.r12)
      encoder.pop(.rbp)
      encoder.returnToCaller()
    }
    return places
  }
}
