import BPFISA
public import BPFPlatform
public import BPFVerifier

/// Puts the lookup itself in place of calls of `bpf_map_lookup_elem` in a map that is known: an address computed for arrays,
/// the value's address for a key that is known, and a call straight into the table for hash maps and tries (kernel:
/// `map_gen_lookup`).
public struct MapLookupInlining: Pass {
  public static let name = "map-lookup"

  private let facts: [InstructionFacts]
  private let maps: [MapSpec]
  private let masks: Bool

  /// - Parameters:
  ///   - facts: what the verifier found out about each slot of the program.
  ///   - maps: the program's maps, which the facts count.
  ///   - masks: whether keys stay in bounds where a processor guesses that they are.
  public init(_ facts: [InstructionFacts], maps: [MapSpec], masks: Bool = false) {
    self.facts = facts
    self.maps = maps
    self.masks = masks
  }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    for slot in facts.indices {
      guard let index = facts[slot].map, !patcher.isRemoved(slot),
        patcher.program.slots[slot].calls(.mapLookupElement)
      else { continue }
      patch.removeAll()
      switch maps[index].kind {
      case .array, .perCPUArray:
        lookUpInArray(index, key: facts[slot].constantKey, &patch)
      case .hash, .lruHash, .perCPUHash, .lruPerCPUHash:
        patch.emit(.call(.helper(HelperID.hashMapLookup.rawValue)))
      case .lpmTrie: patch.emit(.call(.helper(HelperID.prefixMapLookup.rawValue)))
      case _: continue
      }
      if !patch.isEmpty { try patcher.replace(slot, with: patch) }
    }
  }

  private func lookUpInArray(_ index: Int, key: UInt64?, _ patch: inout Patch) {
    guard let map = Int32(exactly: index), let layout = ArrayLayout(maps[index]),
      let stride = Int32(exactly: layout.stride),
      let workerStride = Int32(exactly: layout.workerStride)
    else { return }
    let count = maps[index].maxEntries
    if let key {
      guard key < UInt64(count) else {
        return patch.emit(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(0)))
      }
      if let offset = Int32(exactly: Int(key) * layout.stride) {
        patch.emit(.loadWide(destination: .r0, .mapIndexValue(map, offset: offset)))
        return addWorker(workerStride, &patch)
      }
    }
    let missing = patch.label()
    patch.emit(.load(.word, signExtended: false, destination: .r0, base: .r2, offset: 0))
    patch.emit(
      .jumpIf(
        .greaterOrEqual, .bits32, .r0, .immediate(Int32(truncatingIfNeeded: count)), offset: 0),
      to: .label(missing))
    // The call would clobber r1 as well.
    if masks {
      if let last = Int32(exactly: count - 1), last >= 0 {
        patch.emitMask(of: .r0, upTo: last, in: .r1)
        patch.emit(.arithmetic(.move, .bits64, destination: .r0, source: .register(.r1)))
      } else {
        patch.emitBarrier()
      }
    }
    if stride.nonzeroBitCount == 1 {
      let shift = Int32(stride.trailingZeroBitCount)
      patch.emit(.arithmetic(.shiftLeft, .bits64, destination: .r0, source: .immediate(shift)))
    } else {
      patch.emit(.arithmetic(.multiply, .bits64, destination: .r0, source: .immediate(stride)))
    }
    patch.emit(.loadWide(destination: .r1, .mapIndexValue(map, offset: 0)))
    patch.emit(.arithmetic(.add, .bits64, destination: .r0, source: .register(.r1)))
    addWorker(workerStride, &patch)
    patch.emit(.jump(offset: 0), to: .end)
    patch.place(missing)
    patch.emit(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(0)))
  }

  /// Goes from the first worker's value in `r0` to that of the worker that runs the program.
  private func addWorker(_ stride: Int32, _ patch: inout Patch) {
    guard stride != 0 else { return }
    patch.loadWorker(into: .r1)
    patch.emit(.arithmetic(.multiply, .bits64, destination: .r1, source: .immediate(stride)))
    patch.emit(.arithmetic(.add, .bits64, destination: .r0, source: .register(.r1)))
  }
}

extension Patch {
  /// Loads the number of the worker that runs the program, from where ``TargetABI`` says it is.
  mutating func loadWorker(into register: Register) {
    emit(.arithmetic(.move, .bits64, destination: register, source: .register(.r10)))
    emit(
      .arithmetic(
        .and, .bits64, destination: register, source: .immediate(-Int32(TargetABI.areaSize))))
    emit(
      .load(
        .double, signExtended: false, destination: register, base: register,
        offset: TargetABI.workerOffset))
  }
}

extension RawInstruction {
  /// Whether it calls a helper.
  func calls(_ helper: HelperID) -> Bool {
    opcode == 0x85 && source == 0 && immediate == helper.rawValue
  }
}
