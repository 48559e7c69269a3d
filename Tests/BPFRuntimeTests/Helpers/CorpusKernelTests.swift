import BPFISA
import BPFObject
import BPFPlatform
import BPFRuntime
import Foundation
import TestSupport
import Testing

/// The real programs of `../shared/corpus`: what the kernel runs, runs here with the same result.
@Suite(
  .enabled(if: SharedFolder.path != nil, "no ../shared/corpus beside this checkout"),
  .enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct CorpusKernelTests {
  private static let types: Set<ProgramType> = [
    .xdp, .schedCLS, .schedACT, .socketFilter, .cgroupSKB,
  ]

  /// Packets that programs tell apart: short and long ones, and TCP, UDP and ICMP over IPv4 and IPv6.
  private static let packets: [[UInt8]] = {
    var packets = [34, 54, 64, 128, 600].map(SocketBufferHelperTests.packet)
    for transport in [6, 17, 1] as [UInt8] {
      var version4 = [UInt8](repeating: 0, count: 90)
      version4.replaceSubrange(12..<15, with: [0x08, 0x00, 0x45])
      version4[17] = 76
      version4.replaceSubrange(22..<24, with: [64, transport])
      version4.replaceSubrange(26..<34, with: [10, 0, 0, 1, 10, 0, 0, 2])
      version4.replaceSubrange(34..<38, with: [0x12, 0x34, 0, 80])
      version4.replaceSubrange(46..<48, with: [0x50, 0x02])
      packets.append(version4)
      var version6 = [UInt8](repeating: 1, count: 100)
      version6.replaceSubrange(12..<15, with: [0x86, 0xdd, 0x60])
      version6[20] = transport
      version6[66] = 0x50
      packets.append(version6)
    }
    return packets
  }()

  private static func objects(in folder: String) -> [ObjectFile] {
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return paths.sorted().filter { $0.hasSuffix(".o") && !$0.hasPrefix("invalid") }.compactMap {
      guard let data = FileManager.default.contents(atPath: folder + "/" + $0) else { return nil }
      return try? ObjectFile(bytes: [UInt8](data))
    }
  }

  /// Whether a program asks for what only its kernel knows: chance, a flow's hash under a key, routes.
  private static func dependsOnKernel(_ program: Program) -> Bool {
    let helpers = [HelperID.getRandomU32, .getHashRecalc, .fibLookup].map(\.rawValue)
    return program.slots.contains {
      $0.opcode == 0x85 && $0.source == 0 && helpers.contains($0.immediate)
    }
  }

  @Test(arguments: [false, true]) func `what the kernel runs, runs here with the same result`(
    hasFullMaps: Bool
  ) throws {
    let folder = try #require(SharedFolder.path) + "/corpus"
    var same = 0
    for object in Self.objects(in: folder) {
      for program in object.programs {
        guard let type = program.type, Self.types.contains(type),
          let linked = try? object.link(program.name), !Self.dependsOnKernel(linked.program)
        else { continue }
        let differences: [KernelComparison.Difference]
        do {
          differences = try KernelComparison(
            object, program: program.name, hasFullMaps: hasFullMaps
          )
          .differences(on: Self.packets)
        } catch is KernelRefusal {
          // The corpus has programs that Linux refuses.
          continue
        } catch let error as MapError {
          guard case .unsupportedKind = error.reason else { throw error }
          continue
        }
        // Helpers that only have a name here end a run with a fault that says so.
        let unexpected = differences.filter {
          if case .unsupportedHelper = $0.fault?.kind { false } else { true }
        }
        let hasUnsupported = unexpected.count < differences.count
        if !hasUnsupported {
          #expect(unexpected.isEmpty, "\(unexpected.first?.description ?? "")")
          same += 1
        } else {
          // After such a fault maps may differ; runs may not.
          #expect(
            unexpected.allSatisfy { $0.fault == nil && $0.description.hasPrefix("map ") },
            "\(unexpected.first?.description ?? "")")
        }
      }
    }
    #expect(same >= 50)
  }
}
