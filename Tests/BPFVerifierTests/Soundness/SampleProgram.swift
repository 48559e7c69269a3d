import BPFISA
import BPFPlatform

/// A program whose jumps and calls lead to instructions by index, so that instructions can be taken out of it.
struct SampleProgram {
  struct Item {
    var instruction: Instruction
    /// The item that a jump, a call or a function's address leads to.
    var target: Int?
  }

  var type: ProgramType
  var items: [Item]
  /// What the functions that are global are declared as, by the item they begin with.
  var globals: [Int: FunctionPrototype] = [:]

  /// The maps of all samples.
  enum Place {
    static let values: Int32 = 0
    static let table: Int32 = 1
    static let ring: Int32 = 2
    static let constants: Int32 = 3
    static let global: Int32 = 4
  }

  static let valueSize = 48
  static let globalSize = 64
  static let constantBytes: [UInt8] = (0..<16).map { UInt8($0 * 3 + 1) }

  static let maps: [MapSpec] = [
    MapSpec(name: "values", kind: .array, keySize: 4, valueSize: valueSize, maxEntries: 4),
    MapSpec(name: "table", kind: .hash, keySize: 8, valueSize: 16, maxEntries: 8),
    MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
    MapSpec(
      name: "constants", kind: .array, keySize: 4, valueSize: 16, maxEntries: 1,
      flags: .readOnlyForPrograms,
      contents: [.init(key: [0, 0, 0, 0], value: .bytes(constantBytes))], isFrozen: true),
    MapSpec(name: "global", kind: .array, keySize: 4, valueSize: globalSize, maxEntries: 1),
  ]

  /// The linked program, with or without what its global functions are declared as.
  func program(hasPrototypes: Bool = true) throws -> Program {
    var starts: [Int] = []
    var count = 0
    for item in items {
      starts.append(count)
      count += item.instruction.slotCount
    }
    var slots: [RawInstruction] = []
    for item in items {
      let displacement = item.target.map { starts[$0] - slots.count - 1 }
      slots += try item.instruction.leading(displacement ?? 0).encoded.slots
    }
    let functions = (hasPrototypes ? globals : [:]).sorted { $0.key < $1.key }.map {
      index, prototype in
      Subprogram(name: "global\(index)", start: starts[index], prototype: prototype)
    }
    return try Program(
      name: "sample", slots: slots,
      subprograms: functions.isEmpty ? [] : [Subprogram(name: "sample", start: 0)] + functions,
      mapNames: Self.maps.map(\.name))
  }

  /// What verifiers have rules of their own for.
  enum Kind: CaseIterable {
    case globalFunction, localFunction, rounds, elements, mayGoto, dynptr, record
  }

  /// What is in the program.
  var kinds: Set<Kind> {
    var kinds: Set<Kind> = globals.isEmpty ? [] : [.globalFunction]
    for item in items {
      switch item.instruction {
      case .mayGoto: kinds.insert(.mayGoto)
      case .call(.local): if globals[item.target ?? 0] == nil { kinds.insert(.localFunction) }
      case .call(.helper(let number)):
        switch HelperID(rawValue: number) {
        case .loop: kinds.insert(.rounds)
        case .forEachMapElement: kinds.insert(.elements)
        case .dynptrFromMemory, .ringBufferReserveDynptr: kinds.insert(.dynptr)
        case .ringBufferReserve: kinds.insert(.record)
        case _: break
        }
      case _: break
      }
    }
    return kinds
  }

  /// Whether a run may take very long: `may_goto` ends loops late.
  var mayGoOn: Bool { kinds.contains(.mayGoto) }

  /// Without one item; what led to it leads to the next.
  func without(_ index: Int) -> SampleProgram? {
    guard items.count > 1 else { return nil }
    var result = self
    result.items.remove(at: index)
    for position in result.items.indices {
      guard let target = result.items[position].target, target > index else { continue }
      result.items[position].target = target - 1
    }
    result.globals = [:]
    for (start, prototype) in globals {
      let moved = start > index ? start - 1 : start
      guard moved > 0, result.globals[moved] == nil else { return nil }
      result.globals[moved] = prototype
    }
    let last = result.items.count
    guard result.globals.keys.allSatisfy({ $0 < last }) else { return nil }
    return result.items.contains { $0.target ?? 0 >= last } ? nil : result
  }

  /// The smallest program with a property that can be had by taking instructions out.
  func shrunk(while holds: (SampleProgram) -> Bool) -> SampleProgram {
    var smallest = self
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      var index = smallest.items.count - 1
      while index >= 0 {
        if let candidate = smallest.without(index), holds(candidate) {
          smallest = candidate
          hasChanged = true
        }
        index -= 1
        index = min(index, smallest.items.count - 1)
      }
    }
    return smallest
  }
}

extension Instruction {
  /// The instruction with a displacement, if it has one.
  fileprivate func leading(_ displacement: Int) -> Instruction {
    let short = Int16(truncatingIfNeeded: displacement)
    switch self {
    case .jump: return .jump(offset: short)
    case .jumpIf(let condition, let width, let left, let right, _):
      return .jumpIf(condition, width, left, right, offset: short)
    case .mayGoto: return .mayGoto(offset: short)
    case .call(.local): return .call(.local(Int32(displacement)))
    case .loadWide(let destination, .function):
      return .loadWide(destination: destination, .function(Int32(displacement)))
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
      .atomic, .loadAcquire, .storeRelease, .loadWide, .loadPacket, .jumpLong, .jumpIndirect,
      .call, .exit:
      return self
    }
  }
}
