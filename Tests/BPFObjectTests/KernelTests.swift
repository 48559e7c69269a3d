import BPFObject
import BPFPlatform
import TestSupport
import Testing

/// Linked programs in the running kernel: it accepts them, and they give the results the source says.
@Suite(.enabled(if: KernelOracle.isAvailable, Comment(rawValue: KernelOracle.comment)))
struct KernelTests {
  /// Loads a program of a fixture and runs it on a packet.
  private func run(_ fixture: String, _ program: String, _ packet: [UInt8]) throws -> UInt32 {
    let object = try LinkingTests.object(fixture)
    let linked = try object.link(program)
    let maps = try linked.maps.map { spec in
      let map = try KernelMap(spec)
      for entry in spec.contents {
        if case .bytes(let bytes) = entry.value { try map.set(entry.key, bytes) }
      }
      return map
    }
    let type = try #require(linked.type)
    return try KernelProgram(
      linked.program, type: type, attachType: 0, license: linked.license ?? "", maps: maps
    ).run(packet).returnValue
  }

  @Test func globalDataHasItsValues() throws {
    #expect(
      try run("globals.o", "sum", [UInt8](repeating: 0, count: 64)) == 7 + 12 + 2 + 1000 + 5 + 4)
  }

  @Test func callsReachTheirFunctions() throws {
    for length in [64, 101] {
      let twice = UInt32(length * 2 + (length & 1))
      let expected = twice + (twice + 3) + ((twice + 3) ^ 5)
      #expect(try run("functions.o", "calls", [UInt8](repeating: 0, count: length)) == expected)
    }
  }

  @Test func weakSymbolsTakeTheBranchWithout() throws {
    #expect(try run("externs.o", "weak", [UInt8](repeating: 0, count: 64)) == 20)
  }

  @Test func mapsOfEveryDeclarationAreAccepted() throws {
    // The map of maps is empty here: what the declaration puts in it takes file descriptors.
    #expect(try run("maps.o", "count", [UInt8](repeating: 0, count: 64)) == 77)
    for spec in try LinkingTests.object("maps.o").maps
    where spec.kind != .perfEventArray {
      _ = try KernelMap(spec)
    }
  }

  @Test func everyVersionRuns() throws {
    for version in ["v1", "v2", "v3", "v4"] {
      _ = try run("versions-\(version).o", "arithmetic", [UInt8](repeating: 0, count: 64))
    }
  }
}
