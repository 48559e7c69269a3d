import BPFISA
import BPFPlatform

/// The state of a program in the checked interpreter: registers, stack, regions of memory, call frames.
///
/// One per ``ExecutionFrame``, made once and used for any number of runs. Its memory is raw: the interpreter's
/// loop works on it through pointers that no other type sees.
@safe
final class CheckedMachine {
  static let maximumFrames = 8
  static let stackSize = 512
  /// Linux's `MAX_TAIL_CALL_CNT`.
  static let maximumTailCalls = 33
  /// How often the `may_goto`s of one function invocation may fall through (Linux's `BPF_MAX_LOOPS`).
  static let mayGotoLimit = 8 << 20

  /// The numbers of the regions. Those made in a run, for packets and records, have the room before the maps'.
  enum RegionNumber {
    static let firstStack = 1
    static let context = firstStack + maximumFrames
    static let function = context + 1
    static let firstDynamic = function + 1
    /// What the callback of the function at each depth is given: the key of a map's element, or the dynptr of a sample.
    static let firstArgument = firstMap - maximumFrames
    static let firstMap = 1024
    static func map(_ index: Int) -> Int { firstMap + 2 * index }
    static func values(_ index: Int) -> Int { firstMap + 2 * index + 1 }
  }

  /// SAFETY: the frame owns the machine and hands it to no one else.
  unowned(unsafe) let frame: ExecutionFrame
  /// What the frame's program type is among those that may call a helper.
  let typeBit: UInt64
  let packet: PacketBuffer
  /// Whether r1 points at a block of memory instead of a context.
  let isRaw: Bool
  let writesPackets: Bool
  /// r0 to r10, and room for the 16 numbers a decoded field can hold.
  let registers: UnsafeMutablePointer<UInt64>
  /// The frames' stacks, then as many bytes that say which of the former hold something (0xff or 0).
  let stack: UnsafeMutableRawPointer
  static let shadowDistance = maximumFrames * stackSize
  /// The functions below the running one.
  let callFrames: UnsafeMutablePointer<CallFrame>
  private let state: UnsafeMutablePointer<State>

  /// Where a context load leaves a value that is not stored as the program sees it.
  let scratch: UnsafeMutablePointer<UInt64>

  /// What callbacks are given that is kept nowhere else, two words for each depth: the key of an array's element, the dynptr of
  /// a sample.
  private let arguments: UnsafeMutablePointer<UInt64>

  /// What the stack's shadow holds for a dynptr's bytes, instead of 0 or 0xff.
  static let dynptrMark: UInt8 = 0x5a

  /// A function that called another, and what it needs to go on.
  @safe
  struct CallFrame {
    var code: Unmanaged<CheckedCode>
    /// The instruction to go on with.
    var next: UnsafeMutablePointer<DecodedInstruction>
    var saved: (UInt64, UInt64, UInt64, UInt64)
    var initialized: UInt16
    var mayGotoLeft: Int
  }

  init(frame: ExecutionFrame, code: CheckedCode) {
    unsafe self.frame = frame
    packet = frame.packet
    isRaw = frame.layout == nil
    writesPackets = frame.type.writesPackets
    typeBit = CheckedCall.bit(of: frame.type)
    // SAFETY: all of this memory belongs to the machine and is freed with it.
    unsafe registers = .allocate(capacity: 16)
    unsafe registers.initialize(repeating: 0, count: 16)
    unsafe stack = .allocate(byteCount: 2 * Self.shadowDistance, alignment: 64)
    unsafe stack.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * Self.shadowDistance)
    unsafe callFrames = .allocate(capacity: Self.maximumFrames)
    unsafe scratch = .allocate(capacity: 1)
    unsafe scratch.initialize(to: 0)
    unsafe arguments = .allocate(capacity: 2 * Self.maximumFrames)
    unsafe arguments.initialize(repeating: 0, count: 2 * Self.maximumFrames)
    let count = RegionNumber.firstMap
    let table = UnsafeMutablePointer<Region>.allocate(capacity: count)
    unsafe table.initialize(repeating: .empty(.none), count: count)
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(
      to: State(
        regions: table, regionCount: count, code: code, next: code.instructions))
    for index in 0..<Self.maximumFrames {
      unsafe regions[RegionNumber.firstStack + index] = Region(
        base: stack + index * Self.stackSize, kind: .stack)
    }
    unsafe regions[RegionNumber.context].kind = .context
    unsafe regions[RegionNumber.function].kind = .function
    installMaps()
  }

  deinit {
    unsafe registers.deallocate()
    unsafe stack.deallocate()
    unsafe regions.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
    unsafe callFrames.deallocate()
    unsafe scratch.deallocate()
    unsafe arguments.deallocate()
  }
}

extension CheckedMachine {
  /// Makes the machine ready to run a program from its first instruction.
  func start(_ code: CheckedCode) {
    for index in 0...depth { unsafe regions[RegionNumber.firstStack + index].stackBytes = 0 }
    for index in RegionNumber.firstDynamic..<nextDynamic { unsafe regions[index] = .empty(.none) }
    nextDynamic = RegionNumber.firstDynamic
    retired.removeAll()
    removeInnerMaps()
    for callback in callbacks {
      unsafe regions[RegionNumber.firstArgument + callback.depth] = .empty(.none)
    }
    callbacks.removeAll()
    failure = nil
    depth = 0
    tailCalls = 0
    liveRecords = 0
    switchCode(to: code)
    packetRegion = makeRegion() ?? 0
    describePacket()
    enterProgram()
  }

  /// Gives a program's first instruction its registers, and its function an empty stack.
  func enterProgram() {
    precondition(
      unsafe frame.worker < code.workerLimit, "every map of a program has a slot for its worker")
    unsafe Self.enterStack(depth, regions, registers)
    if isRaw {
      let count = packet.count
      unsafe registers[1] = count == 0 ? 0 : GuestAddress.make(region: packetRegion, offset: 0)
      unsafe registers[2] = UInt64(count)
      initialized = 0b100_0000_0110
    } else {
      unsafe registers[1] = GuestAddress.make(region: RegionNumber.context, offset: 0)
      initialized = 0b100_0000_0010
    }
  }

  /// Clears the stack of the function at a depth, makes it accessible and points r10 at its end.
  @unsafe
  static func enterStack(
    _ depth: Int, _ regions: UnsafeMutablePointer<Region>, _ registers: UnsafeMutablePointer<UInt64>
  ) {
    let region = unsafe regions + RegionNumber.firstStack + depth
    if unsafe region.pointee.isDirty {
      // SAFETY: the shadow of a stack lies `shadowDistance` bytes after it, in the same allocation.
      unsafe (region.pointee.base + shadowDistance).initializeMemory(
        as: UInt8.self, repeating: 0, count: stackSize)
      unsafe region.pointee.isDirty = false
    }
    unsafe region.pointee.stackBytes = UInt64(stackSize)
    unsafe registers[10] = framePointer(depth)
  }

  /// The address one past the highest byte of the stack of the function at a depth.
  static func framePointer(_ depth: Int) -> UInt64 {
    GuestAddress.make(region: RegionNumber.firstStack + depth, offset: UInt64(stackSize))
  }

  /// The words for what the callback of the function at a depth is given.
  @unsafe
  func argumentWords(_ depth: Int) -> UnsafeMutablePointer<UInt64> { unsafe arguments + 2 * depth }

  /// Makes another program the one that runs: at the start, after a tail call, on return from one.
  func switchCode(to code: CheckedCode) {
    guard code !== self.code else { return }
    self.code = code
    installMaps()
  }

  /// A fresh region number for a packet or a record, or nil where the program holds too many records.
  func makeRegion() -> Int? {
    if nextDynamic < RegionNumber.firstArgument {
      nextDynamic += 1
      return nextDynamic - 1
    }
    return retired.popFirst()
  }

  /// Describes the packet as its region says where it is now.
  func describePacket() {
    let length = UInt64(packet.end - packet.metadataStart)
    // SAFETY: the packet's offsets lie in its frame; the region spans metadata and packet.
    unsafe regions[packetRegion] = Region(
      base: packet.memory.baseAddress.unsafelyUnwrapped + packet.metadataStart, readable: length,
      writable: writesPackets ? length : 0,
      kind: isRaw ? .memory : .packet)
  }

  /// Makes every packet pointer the program holds stale: the packet gets a new region.
  func movePacket(helper: HelperID) {
    unsafe regions[packetRegion] = .empty(.stalePacket, index: Int(helper.rawValue))
    retired.append(packetRegion)
    packetRegion = makeRegion() ?? packetRegion
    describePacket()
  }

  /// The guest address of a place in the packet, as an offset in its frame.
  func packetAddress(_ offset: Int) -> UInt64 {
    GuestAddress.make(
      region: packetRegion, offset: UInt64(truncatingIfNeeded: offset - packet.metadataStart))
  }
}

/// What changes while programs run.
///
/// In memory of its own instead of the class: a class's variable is checked for exclusive access at run time, each
/// time, and that was a third of the time of programs that call helpers (`bpfkit run` of the example).
@safe
private struct State {
  var regions: UnsafeMutablePointer<Region>
  var regionCount: Int
  var nextDynamic = CheckedMachine.RegionNumber.firstDynamic
  var retired = RegionQueue()
  var code: CheckedCode
  var depth = 0
  var tailCalls = 0
  var packetRegion = 0
  var liveRecords = 0
  var initialized: UInt16 = 0
  var pinned: [(table: Unmanaged<ProgramTable>, worker: Int)] = unsafe []
  var innerMaps = CheckedMachine.InnerMaps()
  var callbacks: [CheckedMachine.Callback] = []
  var bucketsLeft = 0
  var heldLock: UnsafeMutableRawPointer?
  var next: UnsafeMutablePointer<DecodedInstruction>
  var failure: Fault.Kind?
  var shortWrite: ShortContextWrite?
}

/// A write to a field of the context that holds less than the program's view of it.
struct ShortContextWrite {
  /// Where in the runtime structure the field is.
  let offset: Int
  let old: UInt32
  let valueSize: Int
  let ignoresLargeValues: Bool
}

// SAFETY, of all of these: `state` is initialised with the machine and lives as long.
extension CheckedMachine {
  var regions: UnsafeMutablePointer<Region> {
    get { unsafe state.pointee.regions }
    set { unsafe state.pointee.regions = newValue }
  }
  var regionCount: Int {
    get { unsafe state.pointee.regionCount }
    set { unsafe state.pointee.regionCount = newValue }
  }
  /// The first dynamic region not made yet in this run.
  var nextDynamic: Int {
    get { unsafe state.pointee.nextDynamic }
    set { unsafe state.pointee.nextDynamic = newValue }
  }
  /// Dynamic regions that ended, oldest first. Their numbers come back only after all others, so that a pointer
  /// into one faults for as long as possible.
  var retired: RegionQueue {
    get { unsafe state.pointee.retired }
    _modify { yield unsafe &state.pointee.retired }
  }
  /// What runs, and whose maps the map regions are.
  var code: CheckedCode {
    get { unsafe state.pointee.code }
    set { unsafe state.pointee.code = newValue }
  }
  var depth: Int {
    get { unsafe state.pointee.depth }
    set { unsafe state.pointee.depth = newValue }
  }
  var tailCalls: Int {
    get { unsafe state.pointee.tailCalls }
    set { unsafe state.pointee.tailCalls = newValue }
  }
  var packetRegion: Int {
    get { unsafe state.pointee.packetRegion }
    set { unsafe state.pointee.packetRegion = newValue }
  }
  var liveRecords: Int {
    get { unsafe state.pointee.liveRecords }
    set { unsafe state.pointee.liveRecords = newValue }
  }
  /// Which registers hold something, a bit each.
  var initialized: UInt16 {
    get { unsafe state.pointee.initialized }
    set { unsafe state.pointee.initialized = newValue }
  }
  /// The program arrays that tail calls of this run went through, which keep what they led to.
  var pinned: [(table: Unmanaged<ProgramTable>, worker: Int)] {
    get { unsafe state.pointee.pinned }
    _modify { yield unsafe &state.pointee.pinned }
  }
  /// The maps that look-ups in maps of maps found in this run.
  var innerMaps: InnerMaps {
    get { unsafe state.pointee.innerMaps }
    _modify { yield unsafe &state.pointee.innerMaps }
  }
  /// The helpers that wait for a callback to return, innermost last.
  var callbacks: [Callback] {
    get { unsafe state.pointee.callbacks }
    _modify { yield unsafe &state.pointee.callbacks }
  }
  /// How many buckets of maps the run may still look into: as many as it may execute instructions.
  var bucketsLeft: Int {
    get { unsafe state.pointee.bucketsLeft }
    set { unsafe state.pointee.bucketsLeft = newValue }
  }
  /// The instruction after the one that calls a helper.
  var next: UnsafeMutablePointer<DecodedInstruction> {
    get { unsafe state.pointee.next }
    set { unsafe state.pointee.next = newValue }
  }
  /// The lock in a map's value that the program holds.
  var heldLock: UnsafeMutableRawPointer? {
    get { unsafe state.pointee.heldLock }
    set { unsafe state.pointee.heldLock = newValue }
  }
  /// What an access that failed was about, for the loop to report.
  var failure: Fault.Kind? {
    get { unsafe state.pointee.failure }
    set { unsafe state.pointee.failure = newValue }
  }
  /// The write to the context that is to be settled when it is done.
  var shortWrite: ShortContextWrite? {
    get { unsafe state.pointee.shortWrite }
    set { unsafe state.pointee.shortWrite = newValue }
  }
}
