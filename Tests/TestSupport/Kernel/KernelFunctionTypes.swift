import BPFISA

/// Types for a program's functions, without which the kernel takes no callbacks, and no function for a global one: the
/// prototypes of those that are global; each other is a static `int f(void)`.
final class KernelFunctionTypes {
  let descriptor: KernelDescriptor
  /// For each function, its first slot and its type (`struct bpf_func_info`).
  let records: [UInt32]

  /// Nil for a program that uses no function's address and has no global one.
  init?(_ program: Program) throws {
    var prototypes: [Int: FunctionPrototype] = [:]
    for subprogram in program.subprograms where subprogram.start > 0 {
      prototypes[subprogram.start] = subprogram.prototype
    }
    var starts: Set<Int> = [0]
    var areNeeded = !prototypes.isEmpty
    for (slot, instruction) in program.slots.enumerated() {
      let isAddress = instruction.isWide && instruction.source == 4
      let isCall = instruction.opcode == 0x85 && instruction.source == 1
      guard isAddress || isCall else { continue }
      areNeeded = areNeeded || isAddress
      starts.insert(slot + 1 + Int(instruction.immediate))
    }
    guard areNeeded else { return nil }
    var table = TypeTable()
    let integer = table.add("int", 1, 4, [1 << 24 | 32])
    let plain = table.add("", 13, integer)
    records = starts.sorted().flatMap { start in
      let name = "function\(start)"
      let function =
        prototypes[start].map { table.add($0, name, integer) } ?? table.add(name, 12, plain)
      return [UInt32(start), function]
    }
    descriptor = try KernelTypes.load(table.words, strings: table.strings)
  }
}

/// Types in the making, numbered from 1.
private struct TypeTable {
  private(set) var words: [UInt32] = []
  private(set) var strings: [UInt8] = [0]
  private var count: UInt32 = 0

  /// Adds a type by its kind, its size or the type it is of, and what follows; `information` is its number of parts.
  @discardableResult
  mutating func add(
    _ name: String, _ kind: UInt32, _ size: UInt32, _ rest: [UInt32] = [], information: UInt32 = 0
  ) -> UInt32 {
    words += [string(name), kind << 24 | information, size] + rest
    count += 1
    return count
  }

  mutating func string(_ text: String) -> UInt32 {
    if text.isEmpty { return 0 }
    strings += Array(text.utf8) + [0]
    return UInt32(strings.count - text.utf8.count - 1)
  }

  mutating func add(
    _ prototype: FunctionPrototype, _ name: String, _ integer: UInt32
  ) -> UInt32 {
    let parameters = prototype.parameters.enumerated().flatMap { index, parameter in
      let type =
        switch parameter.kind {
        case .number: integer
        case .pointer(let pointee): add("", 2, add(pointee))
        case .other: add("other", 16, 8)
        }
      return [string("parameter\(index)"), type]
    }
    let result =
      switch prototype.result {
      case .nothing: UInt32(0)
      case .number: integer
      case .other: add("", 2, 0)
      }
    let type = add("", 13, result, parameters, information: UInt32(parameters.count / 2))
    let function = add(name, 12, type, information: 1)
    let tags: [(FunctionPrototype.Tags, String)] = [
      (.context, "ctx"), (.nonNull, "nonnull"), (.nullable, "nullable"), (.trusted, "trusted"),
      (.untrusted, "untrusted"), (.arena, "arena"), (.unknown, "unknown"),
    ]
    for (index, parameter) in prototype.parameters.enumerated() {
      for (tag, name) in tags where parameter.tags.contains(tag) {
        add("arg:" + name, 17, function, [UInt32(index)])
      }
    }
    return function
  }

  private mutating func add(_ pointee: FunctionPrototype.Pointee) -> UInt32 {
    let size = pointee.size.map { UInt32($0) }
    switch (pointee.kind, size) {
    case (.void, _): return 0
    case (.number, let size): return add("number", 1, size ?? 4, [8 * (size ?? 4)])
    case (.structure(let name), let size?): return add(name, 4, size)
    case (.structure(let name), nil): return add(name, 7, 0)
    case (.other, let size?): return add("", 4, size)
    case (.other, nil): return add("other", 7, 0)
    }
  }
}
