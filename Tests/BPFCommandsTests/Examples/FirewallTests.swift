import BPFObject
import BPFPlatform
import BPFRuntime
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
}
