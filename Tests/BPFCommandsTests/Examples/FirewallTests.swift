import BPFCapture
import BPFObject
import BPFPlatform
import BPFRuntime
import Foundation
import TestSupport
import Testing

@Suite(
  .enabled(
    if: FirewallExample.unavailableReason == nil,
    // Every Swift toolchain for Linux has such a clang; Apple's has not.
    Comment(rawValue: FirewallExample.unavailableReason ?? "")))
struct FirewallTests {
  @Test("The checked interpreter counts what the kernel counts")
  func interpreter() throws {
    let example = try FirewallExample()
    let object = try ObjectFile(bytes: example.objectBytes)
    let engine = Engine(object)
    let program = try engine.load("firewall")
    let blocklist = try #require(engine.map(named: "blocklist"))
    for entry in example.blocklist { try blocklist.set(entry.key, entry.value) }
    let frame = program.makeFrame()
    let counts = try FirewallCounts(
      example, object,
      run: { packet in
        unsafe frame.packet.load(packet.span.bytes)
        let outcome = program.run(frame)
        if let fault = outcome.fault { throw fault }
        return outcome.returnValue
      },
      entries: { name in
        let map = try #require(engine.map(named: name), "map \(name)")
        return try map.entries()
      })
    #expect(counts == example.expected)
    let alerts = try #require(engine.map(named: "alerts"))
    #expect(alerts.takeRecords().count == example.expectedAlerts)
  }

  @Test(
    "The running kernel counts what expected.json says",
    .enabled(if: KernelOracle.isAvailable, Comment(rawValue: KernelOracle.comment)))
  func kernel() throws {
    let example = try FirewallExample()
    let object = try ObjectFile(bytes: example.objectBytes)
    let linked = try object.link("firewall")
    var maps: [String: KernelMap] = [:]
    for spec in linked.maps {
      let map = try KernelMap(spec)
      for entry in spec.contents {
        guard case .bytes(let value) = entry.value else { continue }
        try map.set(entry.key, value)
      }
      maps[spec.name] = map
    }
    for entry in example.blocklist { try maps["blocklist"]?.set(entry.key, entry.value) }
    let program = try KernelProgram(
      linked.program, type: .xdp, license: linked.license ?? "",
      maps: linked.maps.compactMap { maps[$0.name] })
    let counts = try FirewallCounts(
      example, object,
      run: { packet in UInt64(try program.run(packet).returnValue) },
      entries: { name in try #require(maps[name], "map \(name)").entries() })
    #expect(counts == example.expected)
  }

  @Test("The command prints those counts, and writes the packets that pass")
  func command() throws {
    let example = try FirewallExample()
    let folder = try TemporaryFolder()
    let object = try folder.write("firewall.bpf.o", example.objectBytes)
    let written = folder.path + "/passed.pcap"
    let run = CommandRun(
      "run", object, "--read", FirewallExample.folder.appending(path: "traffic.pcap").path,
      "--map", "blocklist=" + FirewallExample.folder.appending(path: "blocklist.json").path,
      "--write", written, "--json")
    #expect(run.status == 0, "\(run.errors)")
    struct Report: Decodable {
      struct Count: Decodable { var packets, bytes: UInt64 }
      struct Events: Decodable {
        var map: String
        var records: Int
      }
      var verdicts: [String: Count]
      var events: [Events]
    }
    let report = try JSONDecoder().decode(Report.self, from: Data(run.output))
    #expect(
      report.verdicts.mapValues { FirewallCounts.Traffic(packets: $0.packets, bytes: $0.bytes) }
        == example.expected.verdicts)
    #expect(report.events.first { $0.map == "alerts" }?.records == example.expectedAlerts)

    var reader = try CaptureReader(path: written)
    var passed = FirewallCounts.Traffic()
    while let packet = try reader.next() {
      passed.packets += 1
      passed.bytes += UInt64(packet.capturedLength)
    }
    #expect(passed == example.expected.verdicts["XDP_PASS"])
  }
}
