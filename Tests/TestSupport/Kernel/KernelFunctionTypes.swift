import BPFISA

/// Types for a program's functions, without which the kernel takes no callbacks: each is a static `int f(void)`.
final class KernelFunctionTypes {
  let descriptor: KernelDescriptor
  /// For each function, its first slot and its type (`struct bpf_func_info`).
  let records: [UInt32]

  /// Nil for a program that uses no function's address.
  init?(_ program: Program) throws {
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
    let ordered = starts.sorted()
    // An integer, a function type that gives one, and a function for each start.
    var types: [UInt32] = [1, 1 << 24, 4, 1 << 24 | 32]
    types += [0, 13 << 24, 1]
    var strings = Array("\0int\0".utf8)
    records = ordered.enumerated().flatMap { index, start in [UInt32(start), UInt32(3 + index)] }
    for (index, _) in ordered.enumerated() {
      types += [UInt32(strings.count), 12 << 24, 2]
      strings += Array("function\(index)\0".utf8)
    }
    descriptor = try KernelTypes.load(types, strings: strings)
  }
}
