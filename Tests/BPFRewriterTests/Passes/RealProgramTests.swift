import BPFISA
import BPFObject
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import Foundation
import TestSupport
import Testing

/// Real programs do the same after all passes.
@Suite(.enabled(if: SharedFolder.path != nil, "no ../shared/corpus beside this checkout"))
struct RealProgramTests {
  private static let types: Set<ProgramType> = [
    .xdp, .schedCLS, .schedACT, .socketFilter, .cgroupSKB,
  ]

  /// Helpers whose results differ from run to run.
  private static let chance: Set<Int32> = Set(
    [
      HelperID.getRandomU32, .ktimeGetNanoseconds, .ktimeGetBootNanoseconds,
      .ktimeGetCoarseNanoseconds, .ktimeGetTAINanoseconds, .jiffies64,
    ].map(\.rawValue))

  private static func packets() -> [[UInt8]] {
    var packets = PassTests.packets
    for transport in [6, 17, 1] as [UInt8] {
      var version4 = [UInt8](repeating: 0, count: 90)
      version4.replaceSubrange(12..<15, with: [0x08, 0x00, 0x45])
      version4[17] = 76
      version4.replaceSubrange(22..<24, with: [64, transport])
      version4.replaceSubrange(26..<34, with: [10, 0, 0, 1, 10, 0, 0, 2])
      packets.append(version4)
      var version6 = [UInt8](repeating: 1, count: 100)
      version6.replaceSubrange(12..<15, with: [0x86, 0xdd, 0x60])
      version6[20] = transport
      packets.append(version6)
    }
    return packets
  }

  @Test func `real programs do the same after all passes`() throws {
    let folder = try #require(SharedFolder.path) + "/corpus"
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    var compared = 0
    for path in paths.sorted() where path.hasSuffix(".o") && !path.hasPrefix("invalid") {
      guard let data = FileManager.default.contents(atPath: folder + "/" + path),
        let object = try? ObjectFile(bytes: [UInt8](data))
      else { continue }
      for program in object.programs where !program.isSubprogram {
        guard let linked = try? object.link(program.name) else { continue }
        let type = linked.type ?? .schedCLS
        let patched = try PassComparison(linked.program, type: type)
          .patched(Self.passes(for: type))
        guard Self.types.contains(type), !Self.usesChance(linked.program) else { continue }
        guard let before = try? Self.run(linked.program, type, linked.maps) else { continue }
        let after = try Self.run(patched.program, type, linked.maps)
        #expect(before == after, "\(path), \(program.name)")
        compared += 1
      }
    }
    #expect(compared > 50)
  }

  private static func passes(for type: ProgramType) -> [any Pass] {
    var passes: [any Pass] = [UnreachableCodeRemoval(), EmptyJumpRemoval(), DivisionGuards()]
    if type == .schedCLS || type == .socketFilter { passes.append(PacketLoadLowering(for: type)) }
    return passes + [MayGotoLowering(), ConstantBlinding(using: SeededGenerator(seed: 11))]
  }

  private static func usesChance(_ program: Program) -> Bool {
    program.slots.contains {
      $0.opcode == 0x85 && $0.source == 0 && chance.contains($0.immediate)
    }
  }

  /// What a program did to each packet, in words.
  private static func run(
    _ program: Program, _ type: ProgramType, _ specs: [MapSpec]
  ) throws -> [String] {
    let loaded = try LoadedProgram(
      unverified: program, type: type, maps: try specs.map { try Map($0) })
    let frame = loaded.makeFrame()
    return try packets().map { packet in
      try frame.load(packet)
      let outcome = loaded.run(frame)
      // A fault tells an address, a slot and an instruction, which passes change; its kind is the first word.
      let fault = outcome.fault.map { "\($0.kind)".prefix { $0 != "(" } } ?? "none"
      return
        "\(outcome.returnValue) \(fault) \(frame.packet.bytes) \(outcome.traceLines) \(String(describing: outcome.redirect))"
    }
  }
}
