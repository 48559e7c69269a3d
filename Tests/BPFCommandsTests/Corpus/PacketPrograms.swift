import BPFCapture
import BPFPlatform
import Foundation

/// The packet programs of `../shared/corpus`, and packets for them.
enum PacketPrograms {
  static let packetTypes: [String: ProgramType] = [
    "xdp": .xdp, "sched_cls": .schedCLS, "socket_filter": .socketFilter, "cgroup_skb": .cgroupSKB,
  ]

  /// The corpus's packet programs that Linux accepted, by object, and what it loaded them as.
  static func acceptedPrograms(
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

  /// The packets of the example's capture.
  static func packets() throws -> [[UInt8]] {
    var reader = try CaptureReader(
      path: FirewallExample.folder.appending(path: "traffic.pcap").path)
    var packets: [[UInt8]] = []
    while let packet = try reader.next() { packets.append(reader.bytes(of: packet)) }
    return packets
  }
}
