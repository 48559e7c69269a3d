import BPFISA
import BPFPlatform

// Problems of accesses to memory.
extension Rejection.Explanation {
  static func notMemory(_ register: Register, _ value: ValueSummary) -> Self {
    let name = register.name
    let suggestion =
      switch value.kind {
      case .number:
        "Look at where \(name) was set: a pointer becomes a number when it is read back from the packet or a map, changed by other operations than addition, or when a helper such as bpf_xdp_adjust_head or a release ended it; get the pointer anew"
      case .map:
        "Call bpf_map_lookup_elem to get the address of a value"
      case .packetEnd:
        "Read from the packet's start on; its end is there to be compared with"
      case .nothing, .stack, .context, .packet, .packetMetadata, .mapValue, .mapKey, .memory,
        .record, .function, .socket, .socketCommon, .tcpSocket, .dynptr, .sample, .otherBytes:
        "Use the helper that reads or writes what it stands for"
      }
    return Self(
      "\(name) is \(value), which is no memory that can be accessed like this",
      reason:
        "Loads and stores go to the stack, the context, the packet, map values and memory that helpers handed out",
      suggestion: suggestion)
  }

  static func nullable(_ register: Register, _ value: ValueSummary) -> Self {
    Self(
      "\(register.name) is \(value), and is used without a check",
      reason: "Where it is null the access would be to address 0",
      suggestion:
        "Compare it with null before this (if (!pointer) return …), on the same variable and after the last call that set it"
    )
  }

  static func stackBounds(
    _ register: Register, _ offset: ClosedRange<Int64>, _ bytes: Int
  ) -> Self {
    Self(
      "\(register.name) leads to \(counted(bytes)) at \(offsets(offset)) of the stack",
      reason:
        "A function's stack is the \(VerifierLimits.stackBytes) bytes below r10, offsets -\(VerifierLimits.stackBytes) to -1",
      suggestion: offset.lowerBound == offset.upperBound
        ? "Keep the access within the variable it is meant for: the size is more than there is room for"
        : "Check the index against the array's length right before, so that every value of it stays inside"
    )
  }

  static func uninitializedStack(_ offset: Int) -> Self {
    Self(
      "the stack at offset \(offset) is read, and nothing was written there",
      reason: "An unprivileged program would see what others left on the stack",
      suggestion:
        "Initialise the whole variable (struct key key = {};), with the padding between its members"
    )
  }

  static func partialPointer(_ offset: Int, _ size: Int) -> Self {
    Self(
      "\(counted(size)) at offset \(offset) of the stack are part of a pointer stored there",
      reason:
        "A pointer is stored and read back whole, 8 bytes aligned to 8, or it is no pointer any more",
      suggestion: "Access all 8 bytes, or use other stack for the number")
  }

  static func pointerAtVariableOffset(_ register: Register) -> Self {
    Self(
      "a pointer would be written, or stack filled, at an offset in \(register.name) that is not constant",
      reason: "It would not be known what the stack holds afterwards",
      suggestion:
        "Use a constant offset: unroll the loop, or keep the pointers in separate variables")
  }

  static var stackPointerInCaller: Self {
    Self(
      "a pointer to the function's own stack is stored in its caller's stack",
      reason: "The function's stack is gone when it has returned, and the pointer would stay",
      suggestion: "Let the caller own the variable and pass its address")
  }

  static func misaligned(_ register: Register, _ offset: Int64, _ size: Int) -> Self {
    Self(
      "\(counted(size)) at offset \(offset) from where \(register.name) points are not aligned to \(counted(size))",
      reason:
        "Stack and atomic accesses are aligned to their size, and others too where strict alignment is asked for",
      suggestion: "Move the variable to a multiple of \(size), or access it in smaller parts")
  }

  static func packetBounds(
    _ register: Register, _ offset: Int64, _ bytes: Int, _ proven: Int
  ) -> Self {
    let (end, overflow) = offset.addingReportingOverflow(Int64(bytes))
    return Self(
      "\(register.name) leads to \(counted(bytes)) at offset \(offset) of the packet, of which \(counted(proven)) are proved to be there",
      reason:
        "A packet may be shorter: only a comparison with its end proves that bytes are there, for the pointer compared and those made from it by constants",
      suggestion: offset < 0 || overflow
        ? "Read from the packet's start on: bytes before it are there only after bpf_xdp_adjust_head or as metadata"
        : "Compare the pointer plus \(end) with data_end before this (if (pointer + \(end) > data_end) return …); after a helper that changes the packet, load data and data_end again and compare again"
    )
  }

  static func mapValueBounds(
    _ map: String, _ size: Int, _ offset: ClosedRange<Int64>, _ bytes: Int
  ) -> Self {
    let last = Int64(size) - Int64(bytes)
    return Self(
      "\(counted(bytes)) at \(offsets(offset)) are outside of a value of \(map), which has \(counted(size))",
      reason: "All offsets the access may have must lie inside of the value",
      suggestion: offset.lowerBound == offset.upperBound
        ? "Access offsets 0 to \(max(last, 0)), or make the map's values larger"
        : "Check the index right before the access, so that the offset is at most \(max(last, 0)) (if (index >= COUNT) return …), or mask it; let it be unsigned"
    )
  }

  static func memoryBounds(
    _ register: Register, _ size: Int, _ offset: ClosedRange<Int64>, _ bytes: Int
  ) -> Self {
    Self(
      "\(register.name) leads to \(counted(bytes)) at \(offsets(offset)) of memory that has \(counted(size))",
      reason: "All offsets the access may have must lie inside of the memory",
      suggestion:
        "Ask for more memory where it is reserved, or check the offset right before the access")
  }

  static var packetWriteNotAllowed: Self {
    Self(
      "the packet is written",
      reason: "Programs of this type may read packets only",
      suggestion: "Use a type that may change packets (xdp, sched_cls), or keep the result in a map"
    )
  }

  static func mapNotReadable(_ map: String) -> Self {
    Self(
      "\(map) is read, whose flags let programs only write",
      reason: "It was declared with BPF_F_WRONLY_PROG",
      suggestion: "Remove the flag, or keep what is read in another map")
  }

  static func mapNotWritable(_ map: String) -> Self {
    Self(
      "\(map) is written, whose flags let programs only read",
      reason: "It was declared with BPF_F_RDONLY_PROG, as constants (.rodata) are",
      suggestion: "Use a variable that is not const, or another map")
  }

  static func readOnly(_ register: Register, _ value: ValueSummary) -> Self {
    Self(
      "\(register.name) is \(value) and is written",
      reason: "The program may only read it",
      suggestion:
        "Copy it to the stack and change the copy; to change an entry, write its value or call bpf_map_update_elem"
    )
  }

  static func specialField(
    _ map: String, _ field: MapSpec.SpecialField.Kind, _ offset: Int
  ) -> Self {
    Self(
      "the access touches the \(field.typeName) at offset \(offset) of a value of \(map)",
      reason: "Its bytes belong to the helpers that work on it",
      suggestion:
        "Access the members before and after it one by one; do not copy the whole structure")
  }

  static func noDirectValue(_ map: String) -> Self {
    Self(
      "the address of a value of \(map) is loaded directly",
      reason:
        "Only an array with one entry has a value whose address is known before the program runs",
      suggestion: "Call bpf_map_lookup_elem")
  }

  static func noSuchMap(_ index: Int, of count: Int) -> Self {
    Self(
      "it loads map \(index), and the program has \(count)",
      reason: "A load by index takes one of the maps that come with the program",
      suggestion: "Correct the index (they count from 0), or give the program that map")
  }

  static var unresolvedMap: Self {
    Self(
      "it loads a map by file descriptor",
      reason: "A file descriptor means something in the process that opened it only",
      suggestion: "Link the program from its object, or refer to maps by index")
  }

  static func contextField(
    _ register: Register, _ offset: Int, _ size: Int, isWrite: Bool
  ) -> Self {
    Self(
      "\(counted(size)) at offset \(offset) of the context in \(register.name) cannot be \(isWrite ? "written" : "read")",
      reason: isWrite
        ? "Programs of this type may write some fields only, whole"
        : "Programs of this type have no such field, or it is read in another size",
      suggestion:
        "Use a field of the type's own context structure with its own size; say what the program is (--type) if its section does not"
    )
  }

  static func modifiedContext(_ register: Register) -> Self {
    Self(
      "the context in \(register.name) is used after it was moved",
      reason: "Fields are found by their constant offset from the context's start",
      suggestion: "Use the context as the program got it, and put the offset into the access")
  }

  static func socketField(_ register: Register, _ offset: Int, _ size: Int) -> Self {
    Self(
      "\(counted(size)) at offset \(offset) of the socket in \(register.name) cannot be read",
      reason:
        "The socket has no such field, or it is read in another size; nothing of it can be written",
      suggestion:
        "Read a field of struct bpf_sock or struct bpf_tcp_sock with its own size; call bpf_sk_fullsock for those of a full socket"
    )
  }

  static func differentPointers(_ first: PointerKind, _ second: PointerKind) -> Self {
    Self(
      "the instruction accesses \(second.phrase) on this path and \(first.phrase) on another",
      reason:
        "The two are accessed by different code after rewriting, and one instruction can be only one of them",
      suggestion:
        "Access each in code of its own; keep the compiler from merging the branches (barrier_var)")
  }

  static func atomicNotAllowed(_ register: Register, _ value: ValueSummary) -> Self {
    Self(
      "\(register.name) is \(value), where atomic operations are not made",
      reason: "They are made on the stack, map values and memory that helpers handed out",
      suggestion: "Load, change and store it, or keep the counter in a map's value")
  }

  static var legacyLoadNotAllowed: Self {
    Self(
      "a packet load of the old form is used in a program of a type that has none",
      reason:
        "skb[…] loads go through a socket buffer, which only socket filters and their like have",
      suggestion: "Read the packet through data and data_end, or call bpf_skb_load_bytes")
  }

  static var legacyLoadInFunction: Self {
    Self(
      "a packet load of the old form is used in a function that is called",
      reason: "It ends the whole program where the packet is too short, which a function cannot",
      suggestion: "Use it in the main program, or call bpf_skb_load_bytes")
  }

  static var legacyLoadWithoutContext: Self {
    Self(
      "a packet load of the old form is used while r6 is not the context",
      reason: "It takes the socket buffer from r6",
      suggestion: "Copy the context to r6 at the program's start and leave it there")
  }
}

extension Rejection.Explanation {
  static func counted(_ bytes: Int) -> String { "\(bytes) \(bytes == 1 ? "byte" : "bytes")" }

  static func offsets(_ range: ClosedRange<Int64>) -> String {
    range.lowerBound == range.upperBound
      ? "offset \(range.lowerBound)" : "offsets \(range.lowerBound) to \(range.upperBound)"
  }
}

extension PointerKind {
  fileprivate var phrase: String {
    switch self {
    case .stack: "the stack"
    case .context: "the context"
    case .packet: "the packet"
    case .mapValue: "a map's value"
    case .mapKey: "a map's key"
    case .memory: "memory of a helper"
    case .socket: "a socket"
    case .socketCommon: "a socket's common part"
    case .tcpSocket: "a TCP socket"
    }
  }
}

extension MapSpec.SpecialField.Kind {
  fileprivate var typeName: String {
    switch self {
    case .spinLock: "bpf_spin_lock"
    case .timer: "bpf_timer"
    case .workQueue: "bpf_wq"
    case .kernelPointer: "kernel pointer"
    case .listHead: "bpf_list_head"
    case .treeRoot: "bpf_rb_root"
    case .referenceCount: "bpf_refcount"
    }
  }
}
