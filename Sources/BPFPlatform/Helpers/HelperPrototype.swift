/// What a helper takes, gives and invalidates, and who may call it (kernel: `struct bpf_func_proto`).
public struct HelperPrototype: Hashable, Sendable {
  public let id: HelperID
  /// The kernel's name without the `bpf_` prefix.
  public let name: String
  /// The kinds of the arguments in r1, r2, …; at most five.
  public let arguments: [ArgumentKind]
  public let result: ResultKind
  /// Whether packet pointers a program holds are invalid after the call.
  ///
  /// Not so for `bpf_tail_call`: where it returns, no other program ran. The caller of a function that makes one holds
  /// none all the same, since the program that ran instead may have moved the packet.
  public let invalidatesPacketPointers: Bool
  /// Whether the program owns what the helper gives it (its result, or the dynptr it makes) and has to release it.
  public let acquiresReference: Bool
  /// The position in ``arguments``, counted from 0, of what the helper releases, or nil if it releases nothing.
  public let releasedArgument: Int?
  /// Whether the helper may sleep, so that only sleepable programs may call it.
  public let maySleep: Bool
  /// Whether the kernel offers it only to programs under a licence compatible with the GPL.
  public let requiresGPL: Bool
  /// What is different in programs of some types, or nil if nothing is.
  public let variant: Variant?
  /// The program types that may call it, a bit each: asked at every call of an engine that checks.
  private let programTypeBits: UInt64

  public init(
    id: HelperID, name: String, arguments: [ArgumentKind], result: ResultKind,
    invalidatesPacketPointers: Bool = false, acquiresReference: Bool = false,
    releasedArgument: Int? = nil, maySleep: Bool = false, requiresGPL: Bool = false,
    programTypes: Set<ProgramType> = Set(ProgramType.allCases), variant: Variant? = nil
  ) {
    precondition(arguments.count <= 5, "a helper takes at most five arguments")
    precondition(
      releasedArgument.map(arguments.indices.contains) ?? true,
      "a helper releases one of its arguments")
    self.id = id
    self.name = name
    self.arguments = arguments
    self.result = result
    self.invalidatesPacketPointers = invalidatesPacketPointers
    self.acquiresReference = acquiresReference
    self.releasedArgument = releasedArgument
    self.maySleep = maySleep
    self.requiresGPL = requiresGPL
    self.variant = variant
    programTypeBits = programTypes.reduce(0) { $0 | Self.bit(of: $1) }
  }

  /// How many arguments have to hold something in programs of a type; the others follow them.
  public func requiredArguments(in type: ProgramType) -> Int {
    (arguments(in: type).lastIndex { $0 != .anythingOrNothing } ?? -1) + 1
  }

  /// Whether programs of a type may call it.
  ///
  /// - Complexity: O(1).
  public func allowed(in type: ProgramType) -> Bool { programTypeBits & Self.bit(of: type) != 0 }

  /// The program types that may call it.
  public var programTypes: Set<ProgramType> { Set(ProgramType.allCases.filter(allowed)) }

  /// The kernel's types by number; BPFKit's own, which start at 0x10000, in the upper half.
  private static func bit(of type: ProgramType) -> UInt64 {
    let number = UInt64(type.rawValue)
    return 1 << (number < 0x10000 ? number : number - 0x10000 + 48)
  }

  /// What the arguments are in programs of a type.
  public func arguments(in type: ProgramType) -> [ArgumentKind] {
    if let variant, variant.programTypes.contains(type) { variant.arguments } else { arguments }
  }

  /// Whether the kernel offers the helper to programs of a type only under a licence compatible with the GPL.
  public func requiresGPL(in type: ProgramType) -> Bool {
    if let variant, variant.programTypes.contains(type) { variant.requiresGPL } else { requiresGPL }
  }

  /// How a helper differs in some program types from what it is in the others: the kernel has two functions under its
  /// number.
  public struct Variant: Hashable, Sendable {
    public let programTypes: Set<ProgramType>
    public let arguments: [ArgumentKind]
    public let requiresGPL: Bool

    public init(
      in programTypes: Set<ProgramType>, _ arguments: [ArgumentKind], needsGPL: Bool = false
    ) {
      precondition(arguments.count <= 5, "a helper takes at most five arguments")
      self.programTypes = programTypes
      self.arguments = arguments
      requiresGPL = needsGPL
    }
  }

  /// What an argument must be. A size argument follows the memory argument it measures.
  @frozen
  public enum ArgumentKind: Hashable, Sendable {
    /// Any initialised register.
    case anything
    /// A register of any content, which need not hold anything: an argument a format string may ask for.
    case anythingOrNothing
    /// The program's context.
    case context
    /// The program's context, or null.
    case contextOrNull
    /// The address of a map of the program.
    case map
    /// Readable memory of the map's key size.
    case mapKey
    /// Readable memory of the map's value size.
    case mapValue
    /// As ``mapValue``, or null.
    case mapValueOrNull
    /// Writable memory of the map's value size, which need not be initialised.
    case uninitializedMapValue
    /// Readable memory, whose size in bytes is the next argument.
    case memory
    /// As ``memory``, or null with size 0.
    case memoryOrNull
    /// Readable and writable memory, whose size in bytes is the next argument.
    case writableMemory
    /// As ``writableMemory``, or null with size 0.
    case writableMemoryOrNull
    /// Writable memory that the helper fills, whose size in bytes is the next argument.
    case uninitializedMemory
    /// The size in bytes of the memory before it; not 0.
    case size
    /// The size in bytes of the memory before it; may be 0.
    case sizeOrZero
    /// Memory of a constant size in bytes that the helper writes a value to.
    case output(size: Int)
    /// Readable memory of a constant size in bytes.
    case input(size: Int)
    /// Memory of a constant size in bytes that the helper reads and writes.
    case inputOutput(size: Int)
    /// The program's stack, or null: what a callback is given.
    case stackOrNull
    /// A ring buffer record this program reserved.
    case reservedRecord
    /// The number of bytes to reserve; a constant.
    case reservationSize
    /// A zero-terminated string in a read-only map value. Its size is not known before the call: helpers get the program's
    /// address and read it through the engine.
    case constantString
    /// The address of a function of the program.
    case function
    /// The `struct bpf_spin_lock` of a map value.
    case spinLock
    /// The `struct bpf_timer` of a map value.
    case timer
    /// A pointer to a kernel object in a map value, which the helper exchanges (`bpf_kptr_xchg`).
    case kernelPointerSlot
    /// A `struct bpf_dynptr` on the stack, in the state the helper wants.
    case dynptr(DynptrUse)
    /// A socket of any family and state (`struct sock_common`).
    case socketCommon
    /// As ``socketCommon``, or null.
    case socketCommonOrNull
    /// A full socket (`struct bpf_sock`).
    case socket
    /// As ``socket``, or null.
    case socketOrNull
    /// An object of the kernel, by its BTF type.
    case kernelObject
    /// As ``kernelObject``, or null.
    case kernelObjectOrNull
    /// A per-CPU variable of the kernel, by its BTF type.
    case perCPUKernelObject
  }

  /// What a helper does with a dynptr it is given.
  @frozen
  public enum DynptrUse: Hashable, Sendable {
    /// Makes one over memory of the program.
    case makesLocal
    /// Makes one over a fresh record of a ring buffer.
    case makesRecord
    /// Reads, or hands out, what one of any kind points at.
    case reads
    /// Writes what one of any kind points at.
    case writes
    /// Ends one over a ring buffer record.
    case releasesRecord
  }

  /// What r0 is after the call.
  @frozen
  public enum ResultKind: Hashable, Sendable {
    case integer
    /// Nothing; r0 is unreadable.
    case void
    /// The address of a value of the map in r1.
    case mapValue
    /// The address of a value of the map in r1, or null; of a map of maps, the address of a map.
    case mapValueOrNull
    /// A ring buffer record of the size in r2, or null.
    case reservedRecordOrNull
    /// The bytes a dynptr (r1) points at, as many as r3 says, or null.
    case dynptrDataOrNull
    /// A socket (`struct bpf_sock`), or null.
    case socketOrNull
    /// A TCP socket (`struct bpf_tcp_sock`), or null.
    case tcpSocketOrNull
    /// A socket of any family and state (`struct sock_common`), or null.
    case socketCommonOrNull
    /// An object of the kernel, by its BTF type.
    case kernelObject
    /// As ``kernelObject``, or null.
    case kernelObjectOrNull
    /// A CPU's instance of the variable in r1, of whatever type it has.
    case perCPUObject
    /// As ``perCPUObject``, or null.
    case perCPUObjectOrNull
  }
}
