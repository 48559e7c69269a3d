import BPFISA

/// Types for a program's functions, without which the kernel takes no callbacks and follows global functions with each call:
/// the prototypes of those that are global, as far as verdicts depend on them; all others are static `int f(void)`.
struct KernelFunctionTypes {
  let descriptor: KernelDescriptor
  /// For each function its first slot and its type (`struct bpf_func_info`).
  let records: [UInt32]

  /// Nil for a program that has no global function and uses no function's address.
  init?(_ program: Program) throws(SystemError) {
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
    var types = KernelTypes()
    let integer = types.add(.integer, "int", size: 4, rest: [1 << 24 | 32])
    let plain = types.add(.functionPrototype, size: integer)
    var records: [UInt32] = []
    for start in starts.filter(program.slots.indices.contains).sorted() {
      let name = Self.name(of: program.subprogram(at: start), at: start)
      let function: UInt32
      if let prototype = prototypes[start] {
        function = types.add(prototype, named: name, integer)
      } else {
        function = types.add(.function, name, size: plain)
      }
      records += [UInt32(truncatingIfNeeded: start), function]
    }
    self.records = records
    descriptor = try types.load()
  }

  /// The function's name, where the kernel takes it for one.
  private static func name(of subprogram: Subprogram, at start: Int) -> String {
    let isName = subprogram.name.utf8.enumerated().allSatisfy { index, unit in
      switch unit {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        true
      case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
      case _: false
      }
    }
    let isOwn = subprogram.start == start && 1..<128 ~= subprogram.name.utf8.count
    return isName && isOwn ? subprogram.name : "function\(start)"
  }
}

extension KernelTypes {
  /// Adds a global function.
  ///
  /// - Parameter integer: the type of numbers.
  /// - Returns: its number.
  fileprivate mutating func add(
    _ prototype: FunctionPrototype, named name: String, _ integer: UInt32
  ) -> UInt32 {
    var parameters: [UInt32] = []
    for (index, parameter) in prototype.parameters.enumerated() {
      let type: UInt32 =
        switch parameter.kind {
        case .number: integer
        case .pointer(let pointee): add(.pointer, size: add(pointee))
        case .other: add(.float, "other", size: 8)
        }
      parameters += [string("parameter\(index + 1)"), type]
    }
    let result: UInt32 =
      switch prototype.result {
      case .nothing: 0
      case .number: integer
      case .other: add(.pointer, size: 0)
      }
    let type = add(
      .functionPrototype, size: result,
      count: UInt32(truncatingIfNeeded: prototype.parameters.count), rest: parameters)
    let function = add(.function, name, size: type, count: 1)
    for (index, parameter) in prototype.parameters.enumerated() {
      for tag in parameter.tags.names {
        add(
          .declarationTag, "arg:\(tag)", size: function,
          rest: [UInt32(truncatingIfNeeded: index)])
      }
    }
    return function
  }

  /// Adds what a parameter points to.
  private mutating func add(_ pointee: FunctionPrototype.Pointee) -> UInt32 {
    switch pointee.kind {
    case .void: return 0
    case .number:
      let size = UInt32(clamping: pointee.size ?? 4)
      return add(.integer, "number", size: size, rest: [8 &* size])
    case .structure(let name):
      guard let size = pointee.size else { return add(.forward, name, size: 0) }
      return add(.structure, name, size: UInt32(clamping: size))
    case .other:
      guard let size = pointee.size else { return add(.forward, "other", size: 0) }
      return add(.structure, size: UInt32(clamping: size))
    }
  }
}

extension FunctionPrototype.Tags {
  /// What the tags are called, without `arg:`.
  fileprivate var names: [String] {
    let all: [(FunctionPrototype.Tags, String)] = [
      (.context, "ctx"), (.nonNull, "nonnull"), (.nullable, "nullable"), (.trusted, "trusted"),
      (.untrusted, "untrusted"), (.arena, "arena"), (.unknown, "unknown"),
    ]
    return all.filter { contains($0.0) }.map(\.1)
  }
}
