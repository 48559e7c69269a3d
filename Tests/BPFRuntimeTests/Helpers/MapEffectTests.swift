import BPFISA
import BPFPlatform
import TestSupport
import Testing

@_spi(Unverified) import BPFRuntime

/// What helpers that work on maps leave for the host; needs no kernel.
@Suite struct MapEffectTests {
  private static let packet = (0..<60).map { UInt8($0) }

  private func run(
    _ builder: ProgramBuilder, as type: ProgramType = .xdp, maps: [Map], worker: Int = 0
  ) throws -> Outcome {
    let program = try LoadedProgram(unverified: builder.program(), type: type, maps: maps)
    let frame = program.makeFrame(worker: worker)
    unsafe try frame.load(Self.packet.span.bytes)
    return program.run(frame)
  }

  /// A program that sends 8 bytes of 0x07 through a perf event array with flags.
  private func sending(_ flags: UInt64, _ events: MapSpec) -> ProgramBuilder {
    var builder = ProgramBuilder("send")
    builder.moveWide(.r2, 0x0707_0707_0707_0707)
    builder.store(.double, .r10, -8, .register(.r2))
    builder.load(.r2, map: events)
    builder.moveWide(.r3, flags)
    builder.move(.r4, .r10)
    builder.apply(.add, .r4, .immediate(-8))
    builder.move(.r5, 8)
    builder.call(.perfEventOutput)
    builder.exit()
    return builder
  }

  @Test(arguments: [ProgramType.xdp, .schedCLS])
  func `events carry as much of the packet as the flags say`(type: ProgramType) throws {
    let spec = MapSpec(
      name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 2)
    let map = try Map(spec, workers: 2)
    let current: UInt64 = 0xffff_ffff
    for length in [0, 1, 60] {
      let builder = sending(current | UInt64(length) << 32, spec)
      let outcome = try run(builder, as: type, maps: [map], worker: 1)
      #expect(outcome.fault == nil && outcome.returnValue == 0)
      let events = map.takeEvents()
      #expect(events.map(\.worker) == [1])
      #expect(
        events.map(\.bytes) == [[UInt8](repeating: 7, count: 8) + Self.packet.prefix(length)])
    }
    let tooLong = try run(sending(current | 61 << 32, spec), as: type, maps: [map])
    #expect(Int64(bitPattern: tooLong.returnValue) == -14)
    let tooBig = try run(sending(2, spec), as: type, maps: [map])
    #expect(Int64(bitPattern: tooBig.returnValue) == -7)
    let unknown = try run(sending(1 << 52, spec), as: type, maps: [map])
    #expect(Int64(bitPattern: unknown.returnValue) == -22)
    try map.setEventBuffer(open: false, worker: 0)
    let closed = try run(sending(current, spec), as: type, maps: [map])
    #expect(Int64(bitPattern: closed.returnValue) == -2)
    #expect(map.takeEvents().isEmpty)
  }

  @Test func `tracing programs have no packet to append`() throws {
    let spec = MapSpec(
      name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 1)
    let outcome = try run(
      sending(0xffff_ffff | 1 << 32, spec), as: .raw, maps: [Map(spec)])
    #expect(Int64(bitPattern: outcome.returnValue) == -22)
  }

  @Test func `a redirect through a map is recorded, and a miss takes it back`() throws {
    let spec = MapSpec(
      name: "devices", kind: .deviceMap, keySize: 4, valueSize: 4, maxEntries: 4,
      contents: [.init(key: [2, 0, 0, 0], value: .bytes([9, 0, 0, 0]))])
    let map = try Map(spec)
    func redirect(_ indices: Int32...) throws -> Outcome {
      var builder = ProgramBuilder("redirect")
      for index in indices {
        builder.load(.r1, map: spec)
        builder.move(.r2, index)
        builder.move(.r3, 2)
        builder.call(.redirectMap)
      }
      builder.exit()
      return try run(builder, maps: [map])
    }
    let hit = try redirect(2)
    #expect(hit.returnValue == 4)
    #expect(hit.redirect == .mapEntry(map: "devices", index: 2, flags: 2))
    let miss = try redirect(2, 3)
    #expect(miss.returnValue == 2)
    #expect(miss.redirect == nil)
  }

  @Test func `ring buffer records come out in order, discarded ones not at all`() throws {
    let spec = MapSpec(
      name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096)
    let map = try Map(spec)
    var builder = ProgramBuilder("ring")
    for number: Int32 in 1...3 {
      builder.load(.r1, map: spec)
      builder.move(.r2, 8)
      builder.move(.r3, 0)
      builder.call(.ringBufferReserve)
      builder.jump(if: .equal, .r0, .immediate(0), to: "exit")
      builder.store(.double, .r0, 0, .immediate(number))
      builder.move(.r1, .r0)
      builder.move(.r2, 0)
      builder.call(number == 2 ? .ringBufferDiscard : .ringBufferSubmit)
    }
    builder.label("exit")
    builder.move(.r0, 0)
    builder.exit()
    let outcome = try run(builder, maps: [map])
    #expect(outcome.fault == nil)
    #expect(map.takeRecords() == [1, 3].map { [$0, 0, 0, 0, 0, 0, 0, 0] })
  }

  @Test func `a helper refuses maps of other kinds`() throws {
    let spec = MapSpec(name: "values", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1)
    let outcome = try run(sending(0, spec), maps: [Map(spec)])
    guard case .invalidArgument(let helper, let argument, _) = outcome.fault?.kind else {
      Issue.record("expected a fault about the map, not \(outcome)")
      return
    }
    #expect(helper == .perfEventOutput && argument == 2)
  }
}
