import BPFISA

/// Types for a program's functions, without which the kernel takes no callbacks: each is a static `int f(void)`.
struct KernelFunctionTypes {
  let descriptor: KernelDescriptor
  /// For each function its first slot and its type (`struct bpf_func_info`).
  let records: [UInt32]

  /// Nil for a program that uses no function's address.
  init?(_ program: Program) throws(SystemError) {
    var starts: Set<Int> = [0]
    var usesAddresses = false
    for (slot, instruction) in program.slots.enumerated() {
      let isAddress = instruction.isWide && instruction.source == 4
      let isCall = instruction.opcode == 0x85 && instruction.source == 1
      guard isAddress || isCall else { continue }
      usesAddresses = usesAddresses || isAddress
      starts.insert(slot + 1 + Int(instruction.immediate))
    }
    guard usesAddresses else { return nil }
    let ordered = starts.filter(program.slots.indices.contains).sorted()
    // An integer, a function type that gives one, and a function for each start.
    var types: [UInt32] = [1, 1 << 24, 4, 1 << 24 | 32]
    types += [0, 13 << 24, 1]
    var strings = Array("\0int\0".utf8)
    records = ordered.enumerated().flatMap { index, start in
      [UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: 3 + index)]
    }
    for index in ordered.indices {
      types += [UInt32(truncatingIfNeeded: strings.count), 12 << 24, 2]
      strings += Array("function\(index)\0".utf8)
    }
    let typeSize = UInt32(truncatingIfNeeded: 4 * types.count)
    let header: [UInt32] = [
      0x0001_eb9f, 24, 0, typeSize, typeSize, UInt32(truncatingIfNeeded: strings.count),
    ]
    let bytes =
      (header + types).flatMap { word in
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
      } + strings
    var call = KernelCall()
    call.set(UInt32(truncatingIfNeeded: bytes.count), at: 16)
    // SAFETY: the kernel reads as many bytes as the array has.
    let result = unsafe bytes.withUnsafeBytes { bytes in
      unsafe call.set(bytes.baseAddress, at: 0)
      return Result { () throws(SystemError) in try unsafe call.make(.loadTypes) }
    }
    descriptor = KernelDescriptor(try result.get())
  }
}
