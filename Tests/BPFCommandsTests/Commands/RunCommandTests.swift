import BPFCapture
import Testing

@testable import BPFCommands

@Suite struct RunCommandTests {
  /// Three Ethernet frames: 60, 200 and 70 bytes, from 10.0.0.1, 10.0.0.2 and 10.0.0.1.
  static let packets: [[UInt8]] = [
    packet(60, source: 1), packet(200, source: 2), packet(70, source: 1),
  ]

  private static func packet(_ length: Int, source: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x55, count: length)
    bytes.replaceSubrange(12..<15, with: [0x08, 0x00, 0x45])
    bytes.replaceSubrange(26..<30, with: [10, 0, 0, source])
    return bytes
  }

  /// Writes a capture of the packets and returns its path.
  static func capture(
    in folder: TemporaryFolder, linkType: LinkType = .ethernet, format: CaptureFormat = .pcap
  ) throws -> String {
    let path = folder.path + "/in." + format.rawValue
    var writer = try CaptureWriter(path: path, format: format)
    let interface = try writer.addInterface(
      CaptureInterface(linkType: linkType, resolution: .nanoseconds))
    for (index, packet) in packets.enumerated() {
      try writer.write(
        packet, timestamp: 1_700_000_000_000_000_007 + Int64(index), interface: interface)
    }
    try writer.finish()
    return path
  }

  private func json(_ run: CommandRun) throws -> JSONValue { try JSONParser.parse(run.output) }

  @Test func countsVerdicts() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let run = CommandRun("run", CounterObject.path, "--program", "classify", "--read", capture)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.text.contains(
        """
        verdict      packets  bytes
        TC_ACT_OK          2    130
        TC_ACT_SHOT        1    200
        total              3    330
        """))
    let cases: [(String, String)] = [
      (
        "classify",
        #"{"TC_ACT_OK":{"packets":2,"bytes":130},"TC_ACT_SHOT":{"packets":1,"bytes":200}}"#
      ),
      ("filter", #"{"drop":{"packets":2,"bytes":130},"accept, cut":{"packets":1,"bytes":200}}"#),
      ("police", #"{"deny":{"packets":1,"bytes":200},"allow":{"packets":2,"bytes":130}}"#),
    ]
    for (program, verdicts) in cases {
      let report = try json(
        CommandRun("run", CounterObject.path, "--program", program, "--read", capture, "--json"))
      #expect(report["verdicts"]?.description == verdicts)
      #expect(report["packets"] == .integer(3))
      #expect(report["runs"] == .integer(3))
    }
  }

  @Test(arguments: [CaptureFormat.pcap, .pcapng])
  func writesThePacketsThatGoOn(format: CaptureFormat) throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder, format: format)
    let output = folder.path + "/out"
    let run = CommandRun(
      "run", CounterObject.path, "--program", "classify", "--read", capture, "--write", output)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("written: 2 packets, 130 bytes"))
    var reader = try CaptureReader(path: output)
    var kept: [(bytes: [UInt8], time: Int64?)] = []
    while let packet = try reader.next() {
      kept.append((reader.bytes(of: packet), packet.timestamp))
    }
    #expect(reader.format == format)
    #expect(kept.map(\.bytes) == [Self.packets[0], Self.packets[2]])
    #expect(kept.map(\.time) == [1_700_000_000_000_000_007, 1_700_000_000_000_000_009])
    #expect(reader.interfaces[0].linkType == .ethernet)
  }

  @Test func aSocketFilterCutsWhatIsWritten() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let output = folder.path + "/out"
    _ = CommandRun(
      "run", CounterObject.path, "--program", "filter", "--read", capture, "--write", output)
    var reader = try CaptureReader(path: output)
    let packet = try #require(try reader.next())
    // The filter keeps 20 bytes of what it saw, which was from after the Ethernet header.
    #expect(reader.bytes(of: packet) == Array(Self.packets[1].prefix(34)))
    #expect(packet.originalLength == 200)
    #expect(try reader.next() == nil)
  }

  @Test func faultsAreCountedAndFailTheCommand() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let run = CommandRun(
      "run", CounterObject.path, "--program", "overrun", "--read", capture, "--unverified")
    #expect(run.status == 1)
    #expect(run.errors.hasSuffix("counter.bpf.o: overrun: 3 runs ended in a fault\n"))
    #expect(run.text.contains("packet 2: "))
    #expect(run.text.contains("counter.bpf.c:"))
    let report = try json(
      CommandRun(
        "run", CounterObject.path, "--program", "overrun", "--read", capture, "--json",
        "--unverified"))
    #expect(report["faults"]?["count"] == .integer(3))
    #expect(report["faults"]?["first"]?[0]?["class"] == .string("out_of_bounds"))
  }

  @Test func aTruncatedCaptureGivesWhatPrecedesTheDamage() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let bytes = try folder.read("in.pcap")
    let cut = try folder.write("cut.pcap", Array(bytes.dropLast(5)))
    let run = CommandRun(
      "run", CounterObject.path, "--program", "classify", "--read", cut, "--write",
      folder.path + "/out")
    #expect(run.status == 1)
    #expect(run.text.contains("TC_ACT_OK"))
    #expect(run.errors.hasPrefix("bpfkit: \(cut): at byte "))
    var reader = try CaptureReader(path: folder.path + "/out")
    #expect(try reader.next()?.capturedLength == 60)
    #expect(try reader.next() == nil)
    _ = capture
  }

  @Test func refusesCapturesOfAnotherKind() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder, linkType: .raw)
    let run = CommandRun("run", CounterObject.path, "--program", "classify", "--read", capture)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("Ethernet"))
    let noCapture = CommandRun(
      "run", CounterObject.path, "--program", "classify", "--read", CounterObject.path)
    #expect(noCapture.status == 1)
    #expect(noCapture.errors.contains("at byte 0"))
  }

  @Test func runsOneInput() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("packet", Self.packets[1])
    let hex = HexText.digits(of: Self.packets[1])
    for input in [file, hex] {
      let report = try json(
        CommandRun(
          "run", CounterObject.path, "--program", "classify", "--input", input, "--json",
          "--repeat", "5"))
      #expect(report["return"] == .integer(2))
      #expect(report["output"] == .string(hex))
      #expect(report["runs"] == .integer(5))
    }
    let wrong = CommandRun("run", CounterObject.path, "--program", "classify", "--input", "0x12")
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("position 1"))
    let short = CommandRun("run", CounterObject.path, "--program", "classify", "--input", "00")
    #expect(short.status == 1)
  }

  @Test func saysWhichProgramsThereAre() {
    let none = CommandRun("run", CounterObject.path, "--input", "00")
    #expect(none.status == 1)
    #expect(none.errors.contains("--program: count, overrun, classify, filter, police"))
    let unknown = CommandRun("run", CounterObject.path, "--program", "Classify", "--input", "00")
    #expect(unknown.errors.contains("did you mean 'classify'?"))
  }

  @Test func wrongUsageSaysWhatIsMissing() {
    let cases: [([String], String)] = [
      ([], "--read or --input"),
      (["--read", "a", "--input", "b"], "together"),
      (["--input", "b", "--write", "c"], "--write needs --read"),
      (["--input", "b", "--repeat", "0"], "--repeat"),
      (["--input", "b", "--budget", "0"], "--budget"),
      (["--input", "b", "--map", "x"], "NAME=FILE.json"),
      (["--input", "b", "--context", "mark=x"], "FIELD=NUMBER"),
      (["--input", "b", "--type", "xpd"], "did you mean 'xdp'?"),
    ]
    for (options, message) in cases {
      let errors = OutputSink.memory()
      let status = BPFKitCommand.execute(
        ["run", CounterObject.path] + options,
        in: CommandEnvironment(input: .memory([]), output: .memory(), errors: errors))
      #expect(status == 2)
      #expect(errors.text.contains(message), "\(errors.text)")
    }
  }

  @Test func reportsMapsEventsAndTraces() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let run = CommandRun("run", CounterObject.path, "--program", "count", "--read", capture)
    #expect(run.status == 0, "\(run.errors)\(run.text)")
    for part in [
      "XDP_PASS        3    330",
      "events of events (perf_event_array): 2 records, 16 bytes\n  3c 00 00 00 00 00 00 00\n",
      "trace_printk, 2 lines:\n",
      "new source 100000a\n",
      """
      map totals (hash): 2 entries
        10.0.0.1: {packets = 2, bytes = 130, kind = KIND_SMALL, name = "source"}
        10.0.0.2: {packets = 1, bytes = 200, kind = KIND_LARGE, name = "source"}
      """,
      "map settings (array): 0 entries not 0 of 4\n",
      ".bss\n  seen = 3\n",
    ] {
      #expect(run.text.contains(part), "\(part) in \(run.text)")
    }
  }

  @Test func whatIsPrintedOfAMapCanBeGivenAgain() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let first = try json(
      CommandRun("run", CounterObject.path, "--program", "count", "--read", capture, "--json"))
    guard case .array(let maps) = first["maps"] else {
      Issue.record("no maps")
      return
    }
    let totals = try #require(maps.first { $0["name"] == .string("totals") }?["entries"])
    let entries = try folder.write("totals.json", totals.description)
    let seen = try folder.write("bss.json", #"[{"key":0,"value":{"seen":40}}]"#)
    let second = try json(
      CommandRun(
        "run", CounterObject.path, "--program", "count", "--read", capture, "--json", "--map",
        "totals=\(entries)", "--map", ".bss=\(seen)"))
    guard case .array(let later) = second["maps"] else {
      Issue.record("no maps")
      return
    }
    let again = try #require(later.first { $0["name"] == .string("totals") }?["entries"])
    #expect(again[0]?["key"] == .string("10.0.0.1"))
    #expect(again[0]?["value"]?["packets"] == .integer(4))
    #expect(again[0]?["value"]?["kind"] == .string("KIND_SMALL"))
    let bss = try #require(later.first { $0["name"] == .string(".bss") }?["entries"])
    #expect(bss[0]?["value"]?["seen"] == .integer(43))
    // All sources were known already: no events, no traces.
    #expect(second["events"]?[0]?["records"] == .integer(0))
    #expect(second["trace"]?["count"] == .integer(0))
  }

  @Test(arguments: [
    (1, #"{"XDP_DROP":{"packets":3,"bytes":330}}"#, "[]"),
    (
      2, #"{"XDP_REDIRECT":{"packets":3,"bytes":330}}"#,
      #"[{"interface":7,"flags":0,"packets":3,"bytes":330}]"#
    ),
    (3, #"{"XDP_TX":{"packets":3,"bytes":330}}"#, "[]"),
  ])
  func mapsSetBeforeTheRunCount(mode: Int, verdicts: String, redirects: String) throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let settings = try folder.write("settings.json", #"[{"key": 0, "value": \#(mode)}]"#)
    let output = folder.path + "/out"
    let report = try json(
      CommandRun(
        "run", CounterObject.path, "--program", "count", "--read", capture, "--json", "--map",
        "settings=\(settings)", "--write", output))
    #expect(report["verdicts"]?.description == verdicts)
    #expect(report["redirects"]?.description == redirects)
    var reader = try CaptureReader(path: output)
    var first: [UInt8] = []
    if let packet = try reader.next() { first = reader.bytes(of: packet) }
    switch mode {
    case 1: #expect(first.isEmpty)
    case 2: #expect(first == Self.packets[0])
    default: #expect(first == [0xee] + Self.packets[0].dropFirst())
    }
  }

  @Test func constantsAreSetBeforeTheMapIsMade() throws {
    let folder = try TemporaryFolder()
    let capture = try Self.capture(in: folder)
    let constants = try folder.write(
      "constants.json", #"[{"key":0,"value":{"count.format":"seen %x\n"}}]"#)
    let run = CommandRun(
      "run", CounterObject.path, "--program", "count", "--read", capture, "--map",
      ".rodata=\(constants)")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("  seen 100000a\n"))
    let wrong = try folder.write("wrong.json", #"[{"key":0,"value":{"fromat":"x"}}]"#)
    let refused = CommandRun(
      "run", CounterObject.path, "--program", "count", "--read", capture, "--map",
      ".rodata=\(wrong)")
    #expect(refused.status == 1)
    #expect(
      refused.errors.hasPrefix(
        "bpfkit: \(wrong): line 1, column 19: map .rodata, entry 0: value: no member is named 'fromat'"
      ))
  }

  @Test func mapFilesThatAreWrongSaySo() throws {
    let folder = try TemporaryFolder()
    let cases = [
      ("settings", "{", "settings.json: line 1, column 2: expected"),
      (
        "settings", #"[{"key":0,"value":-1}]"#,
        "settings.json: line 1, column 19: map settings, entry 0: value: -1 is not from 0"
      ),
      (
        "settings", #"[{"key":9,"value":1}]"#,
        "settings.json: line 1, column 2: map settings, entry 0: "
      ),
      ("setings", "[]", "no map is named 'setings'; did you mean 'settings'?"),
      ("events", "[]", ""),
    ]
    for (name, text, message) in cases {
      let file = try folder.write("settings.json", text)
      let run = CommandRun(
        "run", CounterObject.path, "--program", "count", "--input",
        String(repeating: "00", count: 60),
        "--map", "\(name)=\(file)")
      #expect(run.status == (message.isEmpty ? 0 : 1), "\(run.errors)")
      #expect(run.errors.contains(message) || message.isEmpty, "\(run.errors)")
    }
    let missing = CommandRun(
      "run", CounterObject.path, "--program", "count", "--input", "00", "--map",
      "settings=/none.json")
    #expect(missing.errors == "bpfkit: /none.json: No such file or directory\n")
  }
}
