import BPFISA
import BPFPlatform

extension Fault: CustomStringConvertible {
  /// One line: what happened, at which instruction, of which source line.
  public var description: String {
    var text = "\(kind) at instruction \(slot)"
    if let instruction { text += " (\(Disassembler().text(of: instruction)))" }
    text += " of \(program)"
    if let line { text += ", \(line.file):\(line.line): \(line.text)" }
    return text
  }
}

extension Fault.Kind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfBounds(let access, let region): "\(access) \(region.outside)"
    case .notPermitted(let access, let region):
      "\(access) \(region.inside), which a program may not \(access.isWrite ? "write" : "read")"
    case .specialField(let access, let field, let region):
      "\(access) \(region.inside), where \(field.phrase) is"
    case .uninitializedStack(let access, let offset):
      "\(access) on the stack, of which byte r10\(offset) was never written"
    case .dynptrAccess(let access, let offset):
      "\(access) on the stack, of which byte r10\(offset) belongs to a dynptr"
    case .uninitializedRegister(let register): "read of \(register), which holds nothing"
    case .writeToFramePointer: "write to r10, the frame pointer, which is read only"
    case .stalePacketPointer(let access, let helper):
      "\(access) through a packet pointer from before \(helper) moved the packet"
    case .contextAccess(let access, let structure, let field, let offset):
      if let field {
        "\(access) at offset \(offset) of \(structure), which its field \(field) does not allow"
      } else {
        "\(access) at offset \(offset) of \(structure), where it has no field to access like that"
      }
    case .misalignedAtomic(let access):
      "atomic \(access) at an address that is no multiple of its size"
    case .programCounterOutOfRange(let target): "control goes to \(target), outside the program,"
    case .jumpIntoWideImmediate(let target):
      "control goes to \(target), the second half of a 16-byte load immediate,"
    case .budgetExhausted(let budget): "the budget of \(budget) instructions is used up"
    case .callDepthExceeded: "call deeper than \(CheckedMachine.maximumFrames) frames"
    case .unknownHelper(let number): "call of helper \(number), which does not exist"
    case .unsupportedHelper(let helper): "call of \(helper), which is not supported"
    case .helperNotAllowed(let helper, let type):
      "call of \(helper), which programs of type \(type.name) may not call"
    case .invalidArgument(let helper, let argument, let expected):
      "call of \(helper) whose argument \(argument) is not \(expected.phrase)"
    case .invalidMemoryArgument(let helper, let argument, let reason):
      "call of \(helper) with argument \(argument): \(reason)"
    case .unsupportedInstruction(let text): "instruction not supported: \(text)"
    case .unreleasedRecords(let count):
      "end of the program with \(count) ring buffer record\(count == 1 ? "" : "s") neither submitted nor discarded"
    case .tooManyRecords(let limit): "more than \(limit) ring buffer records held at once"
    case .callbackResult(let helper, let value):
      "callback of \(helper) returned \(value), which it may not"
    case .notAllowedInCallback(let helper): "call of \(helper) in a callback"
    case .tailCallToOtherEngine: "tail call between a verified program and one that is not"
    case .callWhileLocked(let helper): "call of \(helper) by a program that holds a lock"
    case .lockNotHeld: "a lock is given back that the program does not hold"
    case .lockHeldAtExit: "end of the program while it holds a lock"
    case .packetLoadNotAllowed(let type):
      "legacy packet load, which programs of type \(type.name) may not use"
    case .packetLoadWithoutContext: "legacy packet load with r6 not the context"
    }
  }
}

extension Fault.MemoryAccess: CustomStringConvertible {
  public var description: String {
    "\(isWrite ? "write" : "read") of \(size) byte\(size == 1 ? "" : "s")"
  }
}

extension Fault.MemoryRegion {
  /// Where an access outside of it went.
  fileprivate var outside: String {
    switch self {
    case .none: "at a number that is no address"
    case .stack(_, let offset): "outside the stack, at r10\(signed(offset))"
    case .deadStack: "in the stack of a function that returned"
    case .packet(let offset, let length):
      "outside the packet, at offset \(offset) of \(length) bytes"
    case .memory(let offset, let length):
      "outside the memory, at offset \(offset) of \(length) bytes"
    case .context(let offset): "outside the context, at offset \(offset)"
    case .mapValue(let map, let offset, let size):
      "outside a value of map \(map), at offset \(offset) of \(size) bytes"
    case .mapKey(let offset, let size):
      "outside the key of a map's element, at offset \(offset) of \(size) bytes"
    case .dynptr: "in a dynptr"
    case .map(let map): "in map \(map) itself, instead of in a value of it"
    case .record(let offset, let size):
      "outside a ring buffer record, at offset \(offset) of \(size) bytes"
    case .releasedRecord: "in a ring buffer record that was submitted or discarded"
    case .sample(let offset, let size):
      "outside a sample of a user ring buffer, at offset \(offset) of \(size) bytes"
    case .function: "in a function's code"
    }
  }

  /// Where an access inside of it went.
  fileprivate var inside: String {
    switch self {
    case .none: "at a number that is no address"
    case .stack(_, let offset): "of the stack at r10\(signed(offset))"
    case .deadStack: "of the stack of a function that returned"
    case .packet(let offset, _): "of the packet at offset \(offset)"
    case .memory(let offset, _): "of the memory at offset \(offset)"
    case .context(let offset): "of the context at offset \(offset)"
    case .mapValue(let map, let offset, _): "of a value of map \(map) at offset \(offset)"
    case .mapKey(let offset, _): "of the key of a map's element at offset \(offset)"
    case .dynptr: "of a dynptr"
    case .map(let map): "of map \(map) itself"
    case .record(let offset, _): "of a ring buffer record at offset \(offset)"
    case .sample(let offset, _): "of a sample of a user ring buffer at offset \(offset)"
    case .releasedRecord: "of a ring buffer record that was submitted or discarded"
    case .function: "of a function's code"
    }
  }

  private func signed(_ offset: Int) -> String { offset < 0 ? "\(offset)" : "+\(offset)" }
}

extension MapSpec.SpecialField.Kind {
  /// What is there, in words.
  fileprivate var phrase: String {
    switch self {
    case .spinLock: "a bpf_spin_lock"
    case .timer: "a bpf_timer"
    case .workQueue: "a bpf_wq"
    case .kernelPointer: "a pointer to a kernel object"
    case .listHead: "a bpf_list_head"
    case .treeRoot: "a bpf_rb_root"
    case .referenceCount: "a bpf_refcount"
    }
  }
}

extension HelperPrototype.ArgumentKind {
  /// What an argument of this kind is, in words.
  fileprivate var phrase: String {
    switch self {
    case .anything, .anythingOrNothing: "a value"
    case .context: "the context"
    case .contextOrNull: "the context, or null"
    case .map: "a map of the program of a kind this helper works on"
    case .mapKey: "a key of the map"
    case .mapValue, .uninitializedMapValue: "a value of the map"
    case .mapValueOrNull: "a value of the map, or null"
    case .memory, .memoryOrNull, .uninitializedMemory, .writableMemory, .writableMemoryOrNull:
      "memory of the size that follows"
    case .size, .sizeOrZero: "the size of the memory before it"
    case .output(let size), .input(let size), .inputOutput(let size): "memory of \(size) bytes"
    case .reservedRecord: "a ring buffer record the program reserved"
    case .reservationSize: "a number of bytes to reserve"
    case .constantString: "a zero-terminated string"
    case .function: "a function of the program"
    case .stackOrNull: "memory on the stack, or null"
    case .spinLock: "the bpf_spin_lock of a map value"
    case .timer: "the bpf_timer of a map value"
    case .kernelPointerSlot: "the place of a kernel pointer in a map value"
    case .dynptr(.makesLocal), .dynptr(.makesRecord): "16 bytes of stack for a new dynptr"
    case .dynptr(.reads), .dynptr(.writes): "a dynptr"
    case .dynptr(.releasesRecord): "a dynptr of a ring buffer record"
    case .socketCommon, .socketCommonOrNull, .socket, .socketOrNull: "a socket"
    case .kernelObject, .kernelObjectOrNull, .perCPUKernelObject: "a kernel object"
    }
  }
}

extension LoadError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .mapCount(let program, let expected, let found):
      "program \(program) refers to \(expected) maps and was given \(found)"
    case .unsupportedType(let program, let type):
      if let type {
        "program \(program): a process has no context for programs of type \(type.name)"
      } else {
        "program \(program): its section does not say of what type it is, and none was given"
      }
    case .object(let error): "\(error)"
    case .map(let error): "\(error)"
    case .mapDiffers(let program, let map):
      "program \(program): map \(map) is not as the one it was verified with"
    case .helperDiffers(let program, let helper):
      "program \(program): \(helper) is not as the one it was verified with, or missing"
    case .sharedMapDiffers(let map):
      "map '\(map)' is to be shared, and is not as the object declares it, or is for fewer workers"
    case .rejected(let rejection): "\(rejection)"
    case .rewriting(let error): "\(error)"
    case .compiling(let error): "\(error)"
    case .codeMemory(let program, let error): "program \(program): no memory for its code: \(error)"
    case .unrunnable(let program, let slot, let reason):
      "program \(program), instruction \(slot): \(reason)"
    }
  }
}

extension UnrunnableReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .instruction(let instruction):
      "the interpreter does not run '\(Disassembler().text(of: instruction))'"
    case .strayBranch(let target): "it leads to slot \(target), where no instruction begins"
    case .reference(let immediate): "nothing was given for the reference \(immediate)"
    case .helper(let helper): "\(helper) cannot be called here"
    case .tooManySlots(let count): "it has \(count) slots, more than a branch leads over"
    }
  }
}
