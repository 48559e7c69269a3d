import BPFCapture
import BPFObject
import BPFPlatform
import BPFRuntime
import Foundation
import TestSupport
import Testing

/// The real programs of `../shared/corpus` over a real capture: what Linux proved safe ends without a fault, with every map
/// and helper it asks for.
@Suite(.enabled(if: SharedFolder.path != nil, "no ../shared/corpus beside this checkout"))
struct CorpusCaptureTests {
  /// Programs that do not run, and why. The list is exact: one that runs again has to leave it.
  private static let exceptions: [String: String] = [:]

  private static let packetTypes: [String: ProgramType] = [
    "xdp": .xdp, "sched_cls": .schedCLS, "socket_filter": .socketFilter, "cgroup_skb": .cgroupSKB,
  ]

  /// The corpus's packet programs that Linux accepted, by object, and what it loaded them as.
  private static func acceptedPrograms(
    in folder: String
  ) throws -> [String: [String: ProgramType]] {
    struct Verdict: Decodable {
      let object: String
      let program: String?
      let type: String
      let verdict: String
    }
    let text = try String(contentsOfFile: folder + "/verdicts.jsonl", encoding: .utf8)
    var accepted: [String: [String: ProgramType]] = [:]
    for line in text.split(separator: "\n") {
      let verdict = try JSONDecoder().decode(Verdict.self, from: Data(line.utf8))
      guard verdict.verdict == "accept", let program = verdict.program,
        let type = packetTypes[verdict.type]
      else { continue }
      accepted[verdict.object, default: [:]][program] = type
    }
    return accepted
  }

  @Test func `every accepted packet program runs over a capture`() throws {
    let folder = try #require(SharedFolder.path) + "/corpus"
    let capture = FirewallExample.folder.appending(path: "traffic.pcap").path
    var reader = try CaptureReader(path: capture)
    var packets: [[UInt8]] = []
    while let packet = try reader.next() { packets.append(reader.bytes(of: packet)) }
    #expect(packets.count >= 100)

    var faults: [String: String] = [:]
    var count = 0
    for (path, programs) in try Self.acceptedPrograms(in: folder) {
      let object = try ObjectFile(
        bytes: [UInt8](Data(contentsOf: URL(filePath: folder + "/" + path))))
      let engine = Engine(object, workers: 2)
      for (program, type) in programs {
        count += 1
        let name = path + " " + program
        do {
          let loaded = try engine.load(program, as: type)
          let frame = loaded.makeFrame(worker: 1)
          for packet in packets {
            try frame.load(packet)
            if let fault = loaded.run(frame).fault {
              faults[name] = "\(fault)"
              break
            }
          }
        } catch {
          faults[name] = "\(error)"
        }
      }
    }
    #expect(count >= 150)
    for (name, reason) in faults.sorted(by: { $0.key < $1.key }) {
      #expect(Self.exceptions[name] != nil, "\(name): \(reason)")
    }
    for name in Self.exceptions.keys.sorted() {
      #expect(faults[name] != nil, "\(name) runs, though it is listed among those that do not")
    }
  }
}
