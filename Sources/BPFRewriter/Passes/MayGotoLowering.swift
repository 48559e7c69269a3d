import BPFISA

/// Makes `may_goto` ordinary code: a counter on the stack, which begins at 8 Mi (Linux's `BPF_MAX_LOOPS`) each time the
/// function is entered. Every `may_goto` of the function counts it down, and jumps once it is 0.
///
/// The counter lies below the function's own stack: where, ``StackRoom`` says.
public struct MayGotoLowering: Pass {
  public static let name = "may-goto"

  /// How often the `may_goto`s of one call of a function fall through.
  public static let limit: Int32 = 8 << 20

  private let room: StackRoom

  public init(room: StackRoom = .belowUse) { self.room = room }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    let flow = try patcher.controlFlow()
    var counting = [Bool](repeating: false, count: flow.functions.count)
    for position in flow.slots.indices where flow.slots[position].opcode == 0xe5 {
      counting[flow.functionIndex(at: position)] = true
    }
    guard counting.contains(true) else { return }
    let stack = room == .belowUse ? StackUse(flow) : nil
    var scratch = ScratchRegisters(
      flow, stack: stack, reserved: room == .reserved ? PassStack.scratch : nil)
    var cursor = FlowCursor()
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      cursor.advance(to: instruction)
      scratch.advance(to: instruction)
      let function = flow.functionIndex(at: cursor.position)
      guard counting[function] else { continue }
      let name = patcher.program.subprogram(at: place.original).name
      if flow.functions[function] == cursor.position {
        patch.removeAll()
        let counter = try Self.counter(stack, at: cursor.position, name)
        patch.emit(
          .store(.double, base: .r10, offset: counter, source: .immediate(Self.limit)))
        try patcher.insert(patch, before: &place, branches: .afterPatch)
      }
      guard case .mayGoto = instruction, let target = patcher.target(at: place) else { continue }
      patch.removeAll()
      Self.count(
        down: try Self.counter(stack, at: cursor.position, name),
        with: try scratch.take(for: instruction, at: place, patcher, keptSlots: 1), to: target,
        &patch)
      try patcher.replace(at: &place, with: patch)
    }
  }

  /// Where the counter of the function at a position is.
  ///
  /// - Parameter stack: how the stack is used; nil where room is reserved.
  private static func counter(
    _ stack: StackUse?, at position: Int, _ name: String
  ) throws(PatchError) -> Int16 {
    guard let stack else { return PassStack.mayGotoCounter }
    return try stack.slot(0, inFunctionAt: position, name)
  }

  private static func count(
    down counter: Int16, with scratch: Scratch, to target: Patch.Target, _ patch: inout Patch
  ) {
    let register = scratch.register
    let isOver = patch.label()
    scratch.keep(&patch)
    patch.emit(
      .load(.double, signExtended: false, destination: register, base: .r10, offset: counter))
    patch.emit(
      .jumpIf(.equal, .bits64, register, .immediate(0), offset: 0),
      to: scratch.isKept ? .label(isOver) : target)
    patch.emit(
      .arithmetic(.subtract, .bits64, destination: register, source: .immediate(1)))
    patch.emit(.store(.double, base: .r10, offset: counter, source: .register(register)))
    guard scratch.isKept else { return }
    // What the register held comes back on both ways.
    scratch.release(&patch)
    patch.emit(.jump(offset: 0), to: .end)
    patch.place(isOver)
    scratch.release(&patch)
    patch.emit(.jump(offset: 0), to: target)
  }
}
