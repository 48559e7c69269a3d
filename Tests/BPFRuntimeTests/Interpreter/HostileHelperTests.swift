import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Testing

/// Programs that call helpers in any order, with whatever they have at hand for arguments, end in a value or a fault and leave
/// the process whole.
@Suite struct HostileHelperTests {
  static func specs() -> [MapSpec] {
    var special = MapSpec(name: "special", kind: .array, keySize: 4, valueSize: 48, maxEntries: 2)
    special.specialFields = [
      .init(.spinLock, offset: 0), .init(.timer, offset: 8), .init(.kernelPointer, offset: 24),
    ]
    let inner = MapSpec(name: "inner", kind: .hash, keySize: 4, valueSize: 8, maxEntries: 4)
    return [
      special, MapSpec(name: "hash", kind: .hash, keySize: 4, valueSize: 16, maxEntries: 8),
      MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
      MapSpec(
        name: "outer", kind: .arrayOfMaps, keySize: 4, valueSize: 4, maxEntries: 2, inner: inner),
      MapSpec(name: "queue", kind: .queue, keySize: 0, valueSize: 8, maxEntries: 2),
      MapSpec(name: "percpu", kind: .perCPUArray, keySize: 4, valueSize: 8, maxEntries: 2),
      MapSpec(name: "stacks", kind: .stackTrace, keySize: 4, valueSize: 64, maxEntries: 4),
      MapSpec(name: "lru", kind: .lruHash, keySize: 4, valueSize: 8, maxEntries: 4),
      MapSpec(
        name: "samples", kind: .userRingBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
    ]
  }

  struct Chance {
    var state: UInt64

    mutating func next(_ count: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int((state >> 11) % UInt64(count))
    }
  }

  /// Something to have in a register.
  static func argument(_ register: Int, _ chance: inout Chance) -> String {
    let sizes = [0, 1, 4, 8, 16, 24, 40, 64, 600, -1]
    switch chance.next(12) {
    case 0, 1: return "r\(register) = map[idx:\(chance.next(9))]"
    case 2, 3:
      return
        "r\(register) = map[idx:\([0, 0, 5][chance.next(3)])][0]+\([0, 8, 24, 32, 40, 47][chance.next(6)])"
    case 4, 5, 6:
      return "r\(register) = r10\nr\(register) += -\([8, 16, 16, 32, 48, 64][chance.next(6)])"
    case 7: return "r\(register) = subprog[\(["first", "second", "third"][chance.next(3)])]"
    case 8: return "r\(register) = r6"
    case 9: return "r\(register) = r7"
    default: return "r\(register) = \(sizes[chance.next(sizes.count)])"
    }
  }

  static func body(_ calls: Int, _ chance: inout Chance) -> String {
    var text = "r6 = 0\nr7 = r1\n"
    for offset in stride(from: 8, through: 64, by: 8) where chance.next(4) > 0 {
      text += "*(u64 *)(r10 - \(offset)) = \(chance.next(3))\n"
    }
    let numbers = ExecutionFrame.implementedHelpers.map(\.rawValue).sorted()
    let favourites: [Int32] = [
      1, 2, 93, 94, 164, 169, 170, 171, 172, 181, 197, 198, 199, 200, 201, 202, 203, 131, 132, 165,
      209,
    ]
    for _ in 0..<calls {
      for register in 1...5 { text += argument(register, &chance) + "\n" }
      let number =
        chance.next(2) == 0
        ? favourites[chance.next(favourites.count)] : numbers[chance.next(numbers.count)]
      text += "call \(number)\n"
      switch chance.next(5) {
      case 0: text += "r6 = r0\n"
      case 1: text += "r6 = r0\nif r6 == 0 goto +1\n*(u64 *)(r6 + 0) = 1\n"
      case 2: text += "*(u64 *)(r10 - 16) = 3\n"
      default: break
      }
    }
    return text + "r0 = \(chance.next(8) == 0 ? 1 : 0)\nexit\n"
  }

  @Test(arguments: [ProgramType.xdp, .schedCLS, .raw])
  func `calls of helpers end`(type: ProgramType) throws {
    var chance = Chance(state: 0x9e37_79b9_7f4a_7c15 &+ UInt64(type.rawValue))
    let maps = try Self.specs().map { spec throws in try Map(spec) }
    let inner = try #require(maps[3].spec.inner).value
    try maps[3].setMap(Map(inner), forKey: [0, 0, 0, 0])
    var returned = 0
    var kinds: Set<String> = []
    for _ in 0..<3_000 {
      // Few calls, most often: the first mistake ends a run.
      let calls = 1 + chance.next(4)
      let text =
        Self.body(calls, &chance)
        + ["first", "second", "third"].map { "\($0): " + Self.body(chance.next(2), &chance) }
        .joined()
      let loaded = try LoadedProgram(
        unverified: Program(
          name: "hostile", slots: Assembler.assemble(text), mapNames: maps.map(\.spec.name)),
        type: type, maps: maps)
      let frame = loaded.makeFrame()
      try frame.load([UInt8](repeating: 7, count: 80))
      // Refused where the ring is full.
      try? maps[8].submitSample([1, 2, 3, 4, 5, 6, 7, 8])
      let outcome = loaded.run(frame, budget: 500)
      #expect(try #require(outcome.instructions) <= 500)
      if let fault = outcome.fault {
        kinds.insert(String("\(fault.kind)".prefix(12)))
      } else {
        returned += 1
      }
      for map in maps where map.nextTimerDeadline != nil {
        _ = map.runDueTimers(clock: .fixed(nanoseconds: .max), budget: 500)
      }
      // No lock stays taken.
      #expect(try maps[0].get([0, 0, 0, 0])?.prefix(4).allSatisfy { $0 == 0 } == true)
      if returned % 64 == 0 { _ = maps[2].takeRecords() }
    }
    for map in maps { map.cancelTimers() }
    #expect(returned > 20)
    // Programs of type raw may call few helpers.
    #expect(kinds.count > (type == .raw ? 1 : 2), "\(kinds)")
  }
}
