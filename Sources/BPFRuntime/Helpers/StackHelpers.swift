import BPFPlatform

// SAFETY (whole file): buffers are as large as the sizes beside them say, and maps are of the program, which the engine
// checked.

extension ExecutionFrame {
  private enum StackFlags {
    /// How many of the innermost addresses to leave out.
    static let skip: UInt64 = 0xff
    static let user: UInt64 = 1 << 8
    static let userBuildID: UInt64 = 1 << 11
  }

  /// `bpf_get_stack`: the addresses of the program's own call stack; there is no other.
  @unsafe
  func getStack(into buffer: UInt64, size: UInt64, flags: UInt64) -> UInt64 {
    let size = Int(UInt32(truncatingIfNeeded: size))
    let known = StackFlags.skip | StackFlags.user | StackFlags.userBuildID
    let isUser = flags & StackFlags.user != 0
    guard let target = unsafe hostPointer(buffer), size > 0 else {
      return size == 0 && flags & ~known == 0 ? 0 : KernelError.invalidArgument.result
    }
    unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    let wordSize = flags & StackFlags.userBuildID == 0 ? 8 : 32
    guard flags & ~known == 0, isUser || flags & StackFlags.userBuildID == 0,
      size % wordSize == 0
    else { return KernelError.invalidArgument.result }
    let stack = callStack?() ?? []
    let skipped = Int(flags & StackFlags.skip)
    // A process that runs no task has no user stack.
    guard !isUser, stack.count >= skipped else { return KernelError.badAddress.result }
    let addresses = stack.dropFirst(skipped).prefix(size / 8)
    for (index, address) in addresses.enumerated() {
      unsafe target.storeBytes(of: address, toByteOffset: 8 * index, as: UInt64.self)
    }
    return UInt64(8 * addresses.count)
  }

  /// `bpf_get_stackid`: the number under which a `stack_trace` map keeps the stack.
  @unsafe
  func getStackID(_ map: UInt64, flags: UInt64) -> UInt64 {
    let known =
      StackFlags.skip | StackFlags.user | StackTable.Flags.compareHashOnly
      | StackTable.Flags.replace
    guard flags & ~known == 0 else { return KernelError.invalidArgument.result }
    let stack = callStack?() ?? []
    let skipped = Int(flags & StackFlags.skip)
    guard flags & StackFlags.user == 0, stack.count > skipped else {
      return KernelError.badAddress.result
    }
    return unsafe withMap(map, or: KernelError.invalidArgument.result) { map in
      UInt64(bitPattern: map.insertStack(Array(stack.dropFirst(skipped)), flags: flags))
    }
  }
}

extension Map {
  /// Puts a call stack into a `stack_trace`: its number, or a negative `errno`.
  func insertStack(_ addresses: [UInt64], flags: UInt64) -> Int64 {
    guard case .special(let table as StackTable) = storage else {
      return MapErrno.invalidArgument.result
    }
    do throws(MapErrno) {
      return try table.insert(Array(addresses.prefix(table.depth)), flags: flags)
    } catch {
      return error.result
    }
  }
}
