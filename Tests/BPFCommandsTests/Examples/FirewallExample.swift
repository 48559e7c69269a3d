import BPFCapture
import BPFObject
import BPFPlatform
import Foundation

/// Examples/xdp-firewall: its program, compiled here, its capture, and what the kernel is known to answer.
struct FirewallExample {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Examples/xdp-firewall")

  let objectBytes: [UInt8]
  let packets: [[UInt8]]
  /// The entries of blocklist.json as bytes: prefix length and address, then action and a count of zero.
  let blocklist: [(key: [UInt8], value: [UInt8])]
  let expected: FirewallCounts
  let expectedAlerts: Int

  /// Why the example cannot be compiled here; nil if it can.
  static let unavailableReason: String? = {
    do {
      _ = try compiled.get()
      return nil
    } catch {
      return "the toolchain has no clang for the bpf target: \(error)"
    }
  }()

  private static let compiled = Result { try compile() }

  init() throws {
    objectBytes = try Self.compiled.get()
    var reader = try CaptureReader(path: Self.folder.appending(path: "traffic.pcap").path)
    var packets: [[UInt8]] = []
    while let packet = try reader.next() { packets.append(reader.bytes(of: packet)) }
    self.packets = packets
    let rules = try Self.json("blocklist.json", as: [Rule].self)
    blocklist = try rules.map { rule in
      let parts = rule.key.split(separator: "/")
      guard parts.count == 2, let length = UInt8(parts[1]),
        ["block_allow", "block_drop"].contains(rule.value.action)
      else { throw Failure(text: "no rule: \(rule)") }
      let action: UInt8 = rule.value.action == "block_drop" ? 1 : 0
      return (
        [length, 0, 0, 0] + (try Self.address(String(parts[0]))),
        [action] + [UInt8](repeating: 0, count: 15)
      )
    }
    let answer = try Self.json("expected.json", as: Answer.self)
    expectedAlerts = answer.alerts
    expected = FirewallCounts(
      verdicts: answer.verdicts.mapValues { .init(packets: $0.packets, bytes: $0.bytes) },
      decisions: [
        answer.decisions.passed, answer.decisions.blocked, answer.decisions.overLimit,
        answer.decisions.malformed,
      ],
      protocols: try ["other", "arp", "icmp", "icmpv6", "tcp", "udp"].map { name in
        guard let traffic = answer.protocols[name] else { throw Failure(text: "no \(name)") }
        return .init(packets: traffic.packets, bytes: traffic.bytes)
      },
      rules: try Dictionary(
        uniqueKeysWithValues: answer.blocklist.map { prefix, packets in
          let parts = prefix.split(separator: "/")
          return ([UInt8(parts[1]) ?? 0, 0, 0, 0] + (try Self.address(String(parts[0]))), packets)
        }),
      sources: try Dictionary(
        uniqueKeysWithValues: answer.sources.map { address, counts in
          (try Self.address(address), [counts.window, counts.attempts, counts.dropped])
        }))
  }

  struct Failure: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
  }

  private struct Rule: Decodable {
    struct Value: Decodable { var action: String }
    var key: String
    var value: Value
  }

  private struct Answer: Decodable {
    struct Traffic: Decodable { var packets, bytes: UInt64 }
    struct Decisions: Decodable {
      var passed, blocked, overLimit, malformed: UInt64
    }
    struct Source: Decodable { var window, attempts, dropped: UInt64 }
    var verdicts: [String: Traffic]
    var alerts: Int
    var decisions: Decisions
    var protocols: [String: Traffic]
    var blocklist: [String: UInt64]
    var sources: [String: Source]
  }

  private static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: folder.appending(path: name)))
  }

  private static func address(_ text: String) throws -> [UInt8] {
    var address = in6_addr()
    guard unsafe inet_pton(AF_INET6, text, &address) == 1 else {
      throw Failure(text: "no address: \(text)")
    }
    return unsafe withUnsafeBytes(of: address) { unsafe [UInt8]($0) }
  }

  private static func compile() throws -> [UInt8] {
    let output = FileManager.default.temporaryDirectory.appending(
      path: "firewall-\(UUID().uuidString).o")
    defer { try? FileManager.default.removeItem(at: output) }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [folder.appending(path: "build.sh").path, output.path]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: String(decoding: message, as: UTF8.self))
    }
    return [UInt8](try Data(contentsOf: output))
  }
}

/// What a run of the firewall over its capture comes to.
struct FirewallCounts: Equatable {
  struct Traffic: Equatable {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
  }

  var verdicts: [String: Traffic] = [:]
  /// Passed, blocked, over the limit, malformed.
  var decisions: [UInt64] = []
  /// By `enum protocol`, over all processors.
  var protocols: [Traffic] = []
  /// Packets each rule of the block list decided.
  var rules: [[UInt8]: UInt64] = [:]
  /// Window, attempts and drops of each source.
  var sources: [[UInt8]: [UInt64]] = [:]

  /// Runs every packet and reads the maps afterwards.
  ///
  /// - Parameters:
  ///   - run: runs one packet and returns its verdict.
  ///   - entries: the entries of a map by its name, per-CPU values one after another.
  init(
    _ example: FirewallExample, _ object: ObjectFile, run: ([UInt8]) throws -> UInt64,
    entries: (String) throws -> [(key: [UInt8], value: [UInt8])]
  ) throws {
    let names = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"]
    for packet in example.packets {
      let verdict = Int(try run(packet))
      let name = names.indices.contains(verdict) ? names[verdict] : "\(verdict)"
      verdicts[name, default: Traffic()].packets += 1
      verdicts[name, default: Traffic()].bytes += UInt64(packet.count)
    }
    for (_, value) in try entries("protocols").sorted(by: { $0.key[0] < $1.key[0] }) {
      let words = Self.words(value)
      protocols.append(
        Traffic(
          packets: stride(from: 0, to: words.count, by: 2).reduce(0) { $0 + words[$1] },
          bytes: stride(from: 1, to: words.count, by: 2).reduce(0) { $0 + words[$1] }))
    }
    for (key, value) in try entries("blocklist") { rules[key] = Self.words(value)[1] }
    for (key, value) in try entries("sources") { sources[key] = Self.words(value) }
    guard let symbol = object.symbols.first(where: { $0.name == "decisions" }),
      let spec = object.maps.first(where: { $0.name.hasSuffix(".bss") })
    else { throw FirewallExample.Failure(text: "the object has no global 'decisions'") }
    let globals = try entries(spec.name).first?.value ?? []
    decisions = Self.words([UInt8](globals.dropFirst(Int(symbol.value)).prefix(32)))
  }

  init(
    verdicts: [String: Traffic], decisions: [UInt64], protocols: [Traffic],
    rules: [[UInt8]: UInt64], sources: [[UInt8]: [UInt64]]
  ) {
    self.verdicts = verdicts
    self.decisions = decisions
    self.protocols = protocols
    self.rules = rules
    self.sources = sources
  }

  private static func words(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<min(start + 8, bytes.count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
