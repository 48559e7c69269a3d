import BPFKit
import Testing

@testable import BPFCommands

/// Maps by the BTF types of an object, as a host of the library uses them.
@Suite struct TypedMapTests {
  private static func engine(workers: Int = 1) throws -> Engine {
    let bytes = try FileContents.read(CounterObject.path)
    let engine = Engine(try ObjectFile(bytes: bytes), workers: workers)
    _ = try engine.load("count")
    return engine
  }

  @Test func `entries are written and read by name`() throws {
    let totals = try #require(Self.engine().typedMap(named: "totals"))
    let value = BTFValue.structure([
      .init("name", .text("lan")), .init("packets", .number(7)),
      .init("kind", .enumerator("KIND_LARGE", value: 1)),
    ])
    try totals.set(.number(0x0100_000a), to: value)
    let read = try #require(try totals.get(.number(0x0100_000a)))
    #expect(read["packets"] == .unsigned(7, bits: 64))
    #expect(read["bytes"]?.integer == 0)
    #expect(read["kind"] == .enumerator("KIND_LARGE", value: 1))
    #expect(read["name"] == .text("lan"))
    #expect(try totals.map.get([10, 0, 0, 1])?.count == 32)
    let entries = try totals.entries()
    #expect(entries.count == 1)
    #expect(entries.first?.key.integer == 0x0100_000a)
    #expect(entries.first?.value == read)
    #expect(try totals.delete(.number(0x0100_000a)))
    #expect(try totals.get(.number(0x0100_000a)) == nil)
  }

  @Test func `one member is changed and the others stay`() throws {
    let engine = try Self.engine()
    let data = try #require(engine.typedMap(named: ".data"))
    try data.set(.number(0), member: "limit", to: .number(300))
    #expect(try data.get(.number(0))?["limit"]?.integer == 300)
    let totals = try #require(engine.typedMap(named: "totals"))
    #expect {
      try totals.set(.number(1), member: "packets", to: .number(1))
    } throws: { error in
      if case .map(let error)? = error as? TypedMapError { error.errorNumber == 2 } else { false }
    }
    try totals.set(.number(1), to: .structure([.init("bytes", .number(9))]))
    try totals.set(.number(1), member: "packets", to: .number(1))
    #expect(try totals.get(.number(1))?["bytes"]?.integer == 9)
    #expect(try totals.get(.number(1))?["packets"]?.integer == 1)
  }

  @Test func `what does not fit is refused`() throws {
    let engine = try Self.engine()
    let totals = try #require(engine.typedMap(named: "totals"))
    #expect(throws: TypedMapError.value(.value(path: "", .noSuchMember("packet")))) {
      try totals.set(.number(1), to: .structure([.init("packet", .number(1))]))
    }
    #expect(throws: TypedMapError.value(.value(path: "packets", .outOfRange("-1", bits: 64)))) {
      try totals.set(.number(1), to: .structure([.init("packets", .number(-1))]))
    }
    #expect(throws: TypedMapError.key(.value(path: "", .outOfRange("\(1 << 32)", bits: 32)))) {
      try totals.set(.number(1 << 32), to: .structure([]))
    }
    #expect(throws: TypedMapError.tooManyValues(found: 2, limit: 1)) {
      try totals.set(.number(1), toEach: [.structure([]), .structure([])])
    }
    // An object says nothing of the types of a perf event array.
    #expect(engine.typedMap(named: "events") == nil)
    #expect(engine.typedMap(named: "none") == nil)
  }

  @Test func `every worker has a value in a per-CPU map`() throws {
    let engine = try Self.engine()
    let btf = try #require(engine.object.btf)
    var spec = try #require(engine.map(named: "totals")).spec
    spec.kind = .perCPUHash
    let map = try #require(TypedMap(try Map(spec, workers: 3), in: btf))
    let values = (1...2).map { BTFValue.structure([.init("packets", .number($0))]) }
    try map.set(.number(5), toEach: values)
    let read = try #require(try map.get(.number(5)))
    #expect((0..<3).map { read[$0]?["packets"]?.integer } == [1, 2, 0])
    #expect(read[3] == nil)
    try map.set(.number(5), member: "bytes", to: .number(4))
    let changed = try #require(try map.get(.number(5)))
    #expect((0..<3).map { changed[$0]?["packets"]?.integer } == [1, 2, 0])
    #expect((0..<3).map { changed[$0]?["bytes"]?.integer } == [4, 4, 4])
    try map.set(.number(5), to: .structure([]))
    #expect(try map.entries().first?.value[2]?["bytes"]?.integer == 0)
  }
}
