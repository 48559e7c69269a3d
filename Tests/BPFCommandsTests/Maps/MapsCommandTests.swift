import BPFObject
import BPFPlatform
import TestSupport
import Testing

@testable import BPFCommands

/// `bpfkit maps`, and what `bpfkit run` does with map contents.
@Suite struct MapsCommandTests {
  private static let totals = #"totals[10.0.0.9]={"packets":3,"kind":"KIND_LARGE","name":"a,\"b"}"#

  @Test func whatIsDumpedIsRead() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/maps.json"
    let set = CommandRun(
      "maps", "set", CounterObject.path, file, Self.totals, "limit=70", "settings[1]=0x10")
    #expect(set.status == 0, "\(set.errors)")
    let dump = CommandRun("maps", "dump", CounterObject.path, "--maps", file, "--format", "json")
    #expect(dump.status == 0, "\(dump.errors)")
    let value = try JSONParser.parse(dump.output)
    #expect(
      entries(of: "totals", in: value)
        == #"[{"key":"10.0.0.9","value":{"packets":3,"bytes":0,"kind":"KIND_LARGE","name":"a,\"b"}}]"#
    )
    #expect(entries(of: ".data", in: value) == #"[{"key":0,"value":{"limit":70}}]"#)
    _ = try folder.write("again.json", dump.output)
    let again = CommandRun(
      "maps", "dump", CounterObject.path, "--maps", folder.path + "/again.json", "--format",
      "json")
    #expect(again.output == dump.output)
    // Setting more keeps what is there.
    #expect(CommandRun("maps", "set", CounterObject.path, file, "limit=71").status == 0)
    let more = CommandRun("maps", "dump", CounterObject.path, "totals", "--maps", file)
    #expect(more.text.contains("10.0.0.9: {packets = 3"))
  }

  private func entries(of map: String, in document: JSONValue) -> String? {
    guard case .array(let maps)? = document["maps"] else { return nil }
    return maps.first { $0["name"] == .string(map) }?["entries"]?.description
  }

  @Test func commaSeparatedValuesHaveAColumnForEachMember() {
    let run = CommandRun(
      "maps", "dump", CounterObject.path, "totals", "--set", Self.totals, "--set",
      "totals[10.0.0.1]={}", "--format", "csv")
    #expect(
      run.text == """
        key,value.packets,value.bytes,value.kind,value.name\r
        10.0.0.1,0,0,KIND_SMALL,\r
        10.0.0.9,3,0,KIND_LARGE,"a,""b"\r\n
        """)
  }

  @Test func aRunTakesWhatARunLeft() throws {
    let folder = try TemporaryFolder()
    let capture = try RunCommandTests.capture(in: folder)
    let dump = folder.path + "/after.json"
    let table = folder.path + "/totals.csv"
    let first = CommandRun(
      "run", CounterObject.path, "--program", "count", "--read", capture, "--dump", dump,
      "--dump", "totals=" + table)
    #expect(first.status == 0, "\(first.errors)")
    #expect(
      try String(decoding: folder.read("totals.csv"), as: UTF8.self).contains(
        "10.0.0.1,2,130,KIND_SMALL,source\r\n"))
    let second = CommandRun(
      "run", CounterObject.path, "--program", "count", "--read", capture, "--maps", dump)
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.text.contains("10.0.0.1: {packets = 4"))
    #expect(second.text.contains("seen = 6"))
    // The report of a run is taken as well, and a map of either as one.
    let report = CommandRun(
      "run", CounterObject.path, "--program", "count", "--read", capture, "--json")
    _ = try folder.write("report.json", report.output)
    let third = CommandRun(
      "run", CounterObject.path, "--program", "count", "--read", capture, "--map",
      "totals=" + folder.path + "/report.json")
    #expect(third.text.contains("10.0.0.1: {packets = 4"), "\(third.errors)")
    #expect(third.text.contains("seen = 3"))
  }

  @Test func errorsSayWhere() throws {
    let folder = try TemporaryFolder()
    let cases: [(String, String)] = [
      ("{\"maps\": [\n {\"name\": \"totals\", \"entries\": 1}]}", "line 2, column 2: map 'totals'"),
      ("{\"maps\": [\n }", "line 2, column 2: expected a value"),
      ("{}", "line 1, column 1: expected a list of entries"),
      ("[]", "give it as NAME=FILE"),
      (
        "{\"maps\":[{\"name\":\"totals\",\"kind\":\"array\",\"entries\":[]}]}",
        ""
      ),
      (
        "{\"maps\":[{\"name\":\"totals\",\"kind\":\"array\",\"entries\":[{}]}]}",
        #"column 34: map totals: kind is "array""#
      ),
      (
        "{\"maps\":[{\"name\":\"totls\",\"entries\":[{}]}]}", "did you mean 'totals'?"
      ),
      (
        "{\"maps\":[{\"name\":\"totals\",\"entries\":[\n{\"key\":0,\n \"value\":{\"packets\":-1}}]}]}",
        "line 3, column 21: map totals, entry 0: value: packets: -1 is not from 0"
      ),
      (
        "{\"maps\":[{\"name\":\"settings\",\"entries\":[{\"key\":4,\"value\":1}]}]}",
        "column 40: map settings, entry 0: map 'settings'"
      ),
    ]
    for (text, message) in cases {
      _ = try folder.write("maps.json", Array(text.utf8))
      let run = CommandRun(
        "maps", "dump", CounterObject.path, "--maps", folder.path + "/maps.json")
      #expect(run.status == (message.isEmpty ? 0 : 1))
      #expect(run.errors.contains(message), "\(run.errors)")
    }
    for (arguments, message) in [
      (["nothing"], "no map is named 'nothing'"),
      (["--set", "limitt=1"], "did you mean 'limit'?"),
      (["--set", "limit=red"], "--set limit=red: value: limit: expected an integer"),
      (["--set", "totals[x]=1"], "--set totals[x]=1: key: "),
      (["--format", "csv"], "CSV holds one map"),
      (["events", "--set", "events[0]=1"], "--set events[0]=1"),
    ] {
      let run = CommandRun(arguments: ["maps", "dump", CounterObject.path] + arguments)
      #expect(run.status == 1)
      #expect(run.errors.contains(message), "\(run.errors)")
    }
    #expect(CommandRun("maps", "dump", CounterObject.path, "--set", "limit").status == 2)
    #expect(CommandRun("maps", "set", CounterObject.path, "x.json", "[0]=1").status == 2)
  }
}

/// Maps of the objects of the corpus.
@Suite(.enabled(if: SharedFolder.path != nil, "there is no folder of shared files"))
struct MapsOfCorpusTests {
  @Test func whatIsDumpedIsReadAgain() throws {
    let folder = try TemporaryFolder()
    let corpus = try #require(SharedFolder.path) + "/corpus"
    var checked = 0
    for path in try Corpus.objects(in: corpus + "/build") + Corpus.objects(in: corpus + "/ovs") {
      guard let object = try? ObjectFile(bytes: FileContents.read(path)), !object.maps.isEmpty,
        object.maps.allSatisfy({ $0.maxEntries <= 4096 && $0.valueSize <= 4096 })
      else { continue }
      let first = CommandRun("maps", "dump", path, "--format", "json")
      #expect(first.status == 0, "\(path): \(first.errors)")
      let file = try folder.write("maps.json", first.output)
      let second = CommandRun("maps", "dump", path, "--maps", file, "--format", "json")
      #expect(second.status == 0, "\(path): \(second.errors)")
      #expect(second.output == first.output, "\(path)")
      checked += 1
      if checked == 40 { break }
    }
    #expect(checked > 5)
  }

  @Test func slotsOfProgramArraysAreNames() throws {
    let object = try #require(SharedFolder.path) + "/corpus/build/prog_array.o"
    guard (try? FileContents.read(object)) != nil else { return }
    let dump = CommandRun(
      "maps", "dump", object, "prog_array_map", "--set", "prog_array_map[1]=func3", "--format",
      "csv")
    #expect(dump.text == "key,value\r\n0,func0\r\n1,func3\r\n2,func2\r\n3,func3\r\n")
    for (argument, message) in [
      ("prog_array_map[1]=nope", "no program is named 'nope'"),
      ("prog_array_map[9]=func0", "slot 9 of 4 slots"),
    ] {
      let run = CommandRun("maps", "dump", object, "--set", argument)
      #expect(run.status == 1)
      #expect(run.errors.contains(message), "\(run.errors)")
    }
  }
}
