import BPFISA
import BPFPlatform
import Testing

@_spi(Unverified) @testable import BPFRuntime

/// Maps whose entries are no plain values: programs, events, devices.
struct SpecialMapTests {
  private static func program(_ name: String, _ type: ProgramType) throws -> LoadedProgram {
    let slots = [RawInstruction(opcode: 0xb7), RawInstruction(opcode: 0x95)]
    return try LoadedProgram(
      unverified: Program(name: name, slots: slots), type: type, maps: [])
  }

  @Test func `a program array holds programs of one type`() throws {
    let map = try Map(
      MapSpec(name: "jumps", kind: .programArray, keySize: 4, valueSize: 4, maxEntries: 3))
    let first = try Self.program("first", .xdp)
    #expect(map.program(at: 0) == nil)
    try map.setProgram(first, at: 2)
    #expect(map.program(at: 2) === first)
    #expect(map.program(at: 3) == nil)
    #expect(map.program(at: .max) == nil)
    #expect(
      #expect(throws: MapError.self) { try map.setProgram(first, at: 3) }?.errorNumber == 7)
    let other = try Self.program("other", .schedCLS)
    #expect(
      #expect(throws: MapError.self) { try map.setProgram(other, at: 0) }?.errorNumber == 22)
    #expect(try map.delete([2, 0, 0, 0]))
    #expect(try !map.delete([2, 0, 0, 0]))
    #expect(map.perform(.delete([3, 0, 0, 0])) == .refused(7))
    #expect(map.program(at: 2) == nil)
    try map.setProgram(first, at: 0)
    map.removeAllPrograms()
    #expect(map.program(at: 0) == nil)
    #expect(map.programLookup(0) == nil)
    #expect(map.programUpdate(0, 0) == -95)
  }

  @Test func `events go to the worker's buffer, until it is full`() throws {
    let spec = MapSpec(
      name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 0)
    let map = try Map(spec, workers: 3, limits: MapLimits(eventBufferBytes: 4096))
    #expect(map.spec.maxEntries == 3)
    let output = { (flags: UInt64, worker: Int, bytes: [UInt8]) in
      map.outputEvent(bytes, flags: flags, worker: worker)
    }
    #expect(output(0xffff_ffff, 1, [1, 2, 3]) == 0)
    #expect(output(0, 0, [4]) == 0)
    #expect(output(0, 1, [4]) == -95)
    #expect(output(3, 0, [4]) == -7)
    try map.setEventBuffer(open: false, worker: 2)
    #expect(output(2, 2, [4]) == -2)
    #expect(
      map.takeEvents() == [MapEvent(worker: 0, bytes: [4]), MapEvent(worker: 1, bytes: [1, 2, 3])])
    #expect(map.takeEvents().isEmpty)
    // A record of 100 bytes takes 112 of the buffer.
    let bytes = [UInt8](repeating: 9, count: 100)
    for count in 0..<40 { #expect(output(0, 0, bytes) == (count < 36 ? 0 : -28)) }
    #expect(map.lostEvents() == 4)
    #expect(map.lostEvents(worker: 0) == 4)
    #expect(map.takeEvents().count == 36)
    #expect(output(0, 0, bytes) == 0)
    let pieces = map.outputEvent([9, 9], and: [9, 9, 9], flags: 0)
    #expect(pieces == 0)
    #expect(map.takeEvents().last?.bytes == [9, 9, 9, 9, 9])
  }

  @Test func `more entries than workers have no buffers`() throws {
    let map = try Map(
      MapSpec(name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 9))
    #expect(map.outputEvent([], flags: 5) == -2)
    #expect(try map.delete([0, 0, 0, 0]))
    #expect(try !map.delete([0, 0, 0, 0]))
    #expect(map.outputEvent([], flags: 0) == -2)
  }

  @Test func `programs read devices and do not change them`() throws {
    let map = try Map(
      MapSpec(name: "ports", kind: .deviceMap, keySize: 4, valueSize: 8, maxEntries: 3))
    try map.set(UInt32(1), to: UInt64(7))
    let value = try #require(map.programLookup(1))
    #expect(Map.read(value) == 7)
    #expect(map.programLookup(2) == nil)
    #expect(map.programUpdate(2, 1) == -95)
    #expect(map.programDelete(2) == -95)
    #expect(map.valueMemory?.isReadOnlyForPrograms == true)
    #expect(map.helperAccess == .lookup)
    #expect(try map.entries().count == 1)
  }
}
