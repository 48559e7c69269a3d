import BPFCapture
import Testing

@testable import BPFCommands

/// What `bpfkit run` reports of a classifier that copies, tags and redirects packets.
@Suite struct MirrorTests {
  private static let object =
    TestFiles.repository + "/Tests/BPFCommandsTests/Fixtures/mirror.bpf.o"

  @Test func reportsCopiesAndRedirects() throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    let run = CommandRun("run", Self.object, "--read", capture, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let report = try JSONParser.parse(run.output)
    #expect(report["verdicts"]?.description == #"{"TC_ACT_REDIRECT":{"packets":3,"bytes":330}}"#)
    #expect(
      report["clones"]?.description
        == #"[{"interface":5,"flags":0,"packets":3,"bytes":330},"#
        + #"{"interface":6,"flags":1,"packets":1,"bytes":200}]"#)
    #expect(
      report["redirects"]?.description
        == #"[{"interface":9,"neighbor":"10.0.0.1","packets":1,"bytes":60},"#
        + #"{"peer":8,"packets":1,"bytes":200},"#
        + #"{"interface":9,"neighbor":null,"packets":1,"bytes":70}]"#)
    let text = CommandRun("run", Self.object, "--read", capture).text
    for line in [
      "copied to", "interface 5 ", "interface 6, ingress", "peer of interface 8",
      "interface 9, neighbour 10.0.0.1", "interface 9, neighbour ",
    ] {
      #expect(text.contains(line), "\(line) in \(text)")
    }
  }

  @Test func tagsArePartOfWhatIsWritten() throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    let output = folder.path + "/out"
    let run = CommandRun("run", Self.object, "--read", capture, "--write", output)
    #expect(run.status == 0, "\(run.errors)")
    var reader = try CaptureReader(path: output)
    var found: [[UInt8]] = []
    while let packet = try reader.next() {
      found.append(reader.bytes(of: packet))
      #expect(packet.originalLength == found.last?.count)
    }
    let expected = RunCommandTests.packets.map {
      Array($0.prefix(12)) + [0x81, 0x00, 0x00, 0x07] + $0.dropFirst(12)
    }
    #expect(found == expected)
  }
}
