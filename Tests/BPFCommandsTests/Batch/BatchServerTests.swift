import Testing

@testable import BPFCommands

@Suite struct BatchServerTests {
  /// `r0 = 5; exit`.
  static let returnsFive = "b7000000050000009500000000000000"
  /// `r0 = *(u64 *)(r1 + 0); exit`.
  static let loadsDouble = "79100000000000009500000000000000"
  /// `goto -1`.
  static let loops = "0500ffff00000000"

  @Test func returnsAllBitsOfR0() throws {
    let reply = try reply(
      #"{"type":"raw","ebpf":"\#(Self.loadsDouble)","runs":[{"input":"ffffffffffffff80"}]}"#)
    #expect(reply["runs"]?[0]?["return"] == .integer(0x80ff_ffff_ffff_ffff))
  }

  @Test func leavesMemoryAsTheProgramDid() throws {
    // *(u8 *)(r1 + 0) += ... : r3 = 7; *(u8 *)(r1 + 1) = r3; r0 = r2; exit
    let reply = try reply(
      #"""
      {"type":"raw","ebpf":"b70300000700000073310100000000 00"}
      """#)
    #expect(reply["error"] == .string("ebpf: hex, position 30: ' ' is no hexadecimal digit"))
    let other = try self.reply(
      #"""
      {"type":"raw","runs":[{"input":"000000","repeat":3}],
      "ebpf":"b7030000070000007331010000000000bf200000000000009500000000000000"}
      """#)
    #expect(other["runs"]?[0]?["output"] == .string("000700"))
    #expect(other["runs"]?[0]?["return"] == .integer(3))
    #expect(other["runs"]?[0]?["instructions"] == .integer(4))
    #expect(other["stats"]?["runs"] == .integer(3))
    #expect(other["stats"]?["executed"] == .integer(12))
  }

  @Test func everyRepetitionStartsFromTheInput() throws {
    // r0 = *(u8 *)(r1 + 0); r3 = r0; r3 += 1; *(u8 *)(r1 + 0) = r3; exit
    let reply = try reply(
      #"""
      {"type":"raw","runs":[{"input":"29","repeat":5}],
      "ebpf":"7110000000000000bf0300000000000007030000010000007331000000000000 9500000000000000"}
      """#.replacing(" 95", with: "95"))
    #expect(reply["runs"]?[0]?["return"] == .integer(0x29))
    #expect(reply["runs"]?[0]?["output"] == .string("2a"))
  }

  @Test func contextsDoNotLeakFromOneRunToTheNext() throws {
    // r0 = *(u32 *)(r1 + 12); exit: ingress_ifindex of an xdp_md.
    let packet = String(repeating: "00", count: 14)
    let reply = try reply(
      #"""
      {"type":"xdp","ebpf":"61100c00000000009500000000000000","runs":[
      {"input":"\#(packet)"},{"input":"\#(packet)","context":{"ingress_ifindex":77}},{"input":"\#(packet)"}]}
      """#)
    #expect(reply["runs"]?[1]?["return"] == .integer(77))
    #expect(reply["runs"]?[0]?["return"] == reply["runs"]?[2]?["return"])
    #expect(reply["runs"]?[0]?["return"] != .integer(77))
  }

  @Test func echoesAnyID() throws {
    for id in [#""a""#, "18446744073709551615", "-1.5", "null", "[1,{}]", #"{"x":[true]}"#] {
      let wanted = try JSONParser.parse(Array(id.utf8))
      #expect(
        try reply(#"{"id":\#(id),"type":"raw","ebpf":"\#(Self.returnsFive)"}"#)["id"] == wanted)
      // An id is echoed by refusals too, whatever comes after it.
      #expect(try reply(#"{"id":\#(id),"type":1}"#)["id"] == wanted)
      #expect(try reply(#"{"id":\#(id),"type":"#)["id"] == wanted)
    }
    #expect(try reply("[]")["id"] == .null)
    #expect(try reply("")["error"] != nil)
  }

  @Test(arguments: [
    (#"{"ebpf":"95"}"#, "type: missing"),
    (#"{"type":"raw"}"#, "missing the program: one of ebpf, classic, asm, object"),
    (
      #"{"type":"raw","ebpf":"","asm":""}"#, "a request has one program, this has ebpf and asm"
    ),
    (#"{"type":"raw","ebpf":"95"}"#, "ebpf: 1 byte, no whole number of 8-byte slots"),
    (#"{"type":"raw","ebpf":7}"#, "ebpf: expected a string, found an integer"),
    (#"{"type":"raw","ebpff":"95"}"#, "ebpff: no such field; did you mean 'ebpf'?"),
    (#"{"type":"raw","ebpf":"9x"}"#, "ebpf: hex, position 1: 'x' is no hexadecimal digit"),
    (#"{"type":"RAW","ebpf":"95"}"#, "type: unknown name 'RAW'; did you mean 'raw'?"),
    (
      #"{"type":"raw","ebpf":"95","budget":0}"#, "budget: 0 is not from 1 to 1099511627776"
    ),
    (
      #"{"type":"raw","ebpf":"95","budget":1.0}"#,
      "budget: expected an integer, found a fractional number"
    ),
    (
      #"{"type":"raw","ebpf":"95","attach_type":4294967296}"#,
      "attach_type: 4294967296 is not from 0 to 4294967295"
    ),
    (#"{"type":"raw","ebpf":"95","runs":{}}"#, "runs: expected an array, found an object"),
    (
      #"{"type":"raw","ebpf":"95","runs":[{},{"repeat":-1}]}"#,
      "runs[1].repeat: -1 is not from 1 to 1099511627776"
    ),
    (
      #"{"type":"raw","ebpf":"95","runs":[{"inputs":""}]}"#,
      "runs[0].inputs: no such field; did you mean 'input'?"
    ),
    (
      #"{"type":"raw","ebpf":"95","runs":[{"context":{"mark":18446744073709551616}}]}"#,
      "runs[0].context.mark: 18446744073709551616 is not from 0 to 18446744073709551615"
    ),
    (#"{"type":"raw","ebpf":"95","maps":[{}]}"#, "maps[0].kind: missing"),
    (
      #"{"type":"raw","ebpf":"95","maps":[{"kind":"hsah"}]}"#,
      "maps[0].kind: unknown name 'hsah'; did you mean 'hash'?"
    ),
    (
      #"{"type":"raw","ebpf":"95","maps":[{"kind":99}]}"#,
      "maps[0].kind: no kind of map has the number 99"
    ),
    (
      #"{"type":"raw","ebpf":"95","maps":[{"kind":"hash","contents":[{"key":"0"}]}]}"#,
      "maps[0].contents[0].key: hex, position 0: a byte takes two digits, here stands one"
    ),
    (
      #"{"type":"raw","ebpf":"95","maps":[{"kind":"hash","contents":[{"key":"00"}]}]}"#,
      "maps[0].contents[0].value: missing"
    ),
    (
      #"{"type":"raw","ebpf":"9500000000000000","maps":[{"kind":"hash","at":[0]}]}"#,
      "maps[0].at[0]: slot 0 begins no 16-byte load immediate"
    ),
    (
      #"{"type":"raw","ebpf":"9500000000000000","maps":[{"kind":"hash","at":[1]}]}"#,
      "maps[0].at[0]: slot 1 is outside the program, which has 1 slots"
    ),
    (
      #"{"type":"raw","ebpf":"18010000000000000000000000000000","maps":[{"kind":"hash","at":[0]},{"kind":1,"at":[0]}]}"#,
      "maps[1].at[0]: slot 0 already loads maps[0]"
    ),
    (
      #"{"type":"raw","ebpf":"9500000000000000","stage":"load"}"#,
      "stage: unknown name 'load'; there are decode, verify, rewrite, compile, run"
    ),
    (
      #"{"type":"xdp","ebpf":"95","program":"x"}"#, "program: names a program of an 'object'"
    ),
    (#"{"object":"/nonexistent.o"}"#, "object: /nonexistent.o: No such file or directory"),
    (#"{"object":"/"}"#, "object: /: cannot read: Is a directory"),
    (
      #"{"object":"\#(CounterObject.path)"}"#,
      "program: missing, and the object has 5: count, overrun, classify, filter, police"
    ),
    (
      #"{"object":"\#(CounterObject.path)","program":"cuont"}"#,
      "program: unknown name 'cuont'; did you mean 'count'?"
    ),
    (
      #"{"object":"x.o","maps":[{"kind":"hash"}]}"#, "maps: an object declares its own maps"
    ),
    (
      #"{"type":"raw","ebpf":"9500000000000000","maps":[{"kind":"array","key_size":4,"value_size":1073741824,"max_entries":9}]}"#,
      "maps: 9,663,676,884 bytes, more than the limit of 1,073,741,824"
    ),
    (
      #"{"type":"raw","ebpf":"9500000000000000","maps":[{"kind":"hash","key_size":4,"value_size":4,"max_entries":1,"contents":[{"key":"0000","value":"00000000"}]}]}"#,
      "maps[0].contents[0].key: 2 bytes, a key of this map has 4"
    ),
    ("7", "a request is an object, this is an integer"),
    ("{\"a\":1,\"a\":2}", "JSON, byte 7: the name 'a' occurs twice in one object"),
  ])
  func refuses(line: String, message: String) throws {
    let reply = try reply(line)
    #expect(reply["error"] == .string(message))
    #expect(reply["verdict"] == nil)
  }

  @Test(arguments: [
    (#""classic":"06000000ffffffff","type":"seccomp""#, "classic"),
    (
      #""ebpf":"9500000000000000","type":"raw","maps":[{"kind":"struct_ops","value_size":4,"max_entries":1}]"#,
      "map_kind"
    ),
    (#""ebpf":"9500000000000000","type":"kprobe""#, "program_type"),
  ])
  func namesWhatIsUnsupported(members: String, kind: String) throws {
    let reply = try reply("{\(members)}")
    #expect(reply["verdict"] == .string("unsupported"))
    #expect(reply["reason"]?["class"] == .string(kind))
  }

  @Test(arguments: [
    ("", "empty_program", JSONValue.null),
    ("b700000005000000" + "ff00000000000000", "unknown_opcode", .integer(1)),
    ("b700010005000000" + "9500000000000000", "reserved_field_not_zero", .integer(0)),
    ("b70c000005000000" + "9500000000000000", "no_such_register", .integer(0)),
    ("1801000000000000", "missing_second_slot", .integer(0)),
    ("b700000000000000" + "1811000007000000" + "0000000000000000", "map_reference", .integer(1)),
    ("1851000001000000" + "0000000000000000", "map_reference", .integer(0)),
  ])
  func rejectsWhatIsNoProgram(program: String, kind: String, slot: JSONValue) throws {
    let reply = try reply(#"{"type":"raw","ebpf":"\#(program)"}"#)
    #expect(reply["verdict"] == .string("reject"))
    #expect(reply["reason"]?["class"] == .string(kind))
    #expect(reply["reason"]?["instruction"] == slot)
  }

  @Test func stopsAtTheBudget() throws {
    let reply = try reply(#"{"type":"raw","budget":1000,"ebpf":"\#(Self.loops)","runs":[{}]}"#)
    #expect(reply["verdict"] == .string("accept"))
    #expect(reply["runs"]?[0]?["instructions"] == .integer(1000))
    #expect(reply["runs"]?[0]?["fault"]?["class"] == .string("budget_exhausted"))
  }

  @Test func aRequestHasABudgetForAllItsRuns() throws {
    var limits = BatchLimits()
    limits.stepsPerRequest = 100_000
    let server = BatchServer(limits: limits)
    let line =
      #"{"type":"raw","ebpf":"\#(Self.returnsFive)","runs":[{"repeat":1099511627776},{"repeat":9}]}"#
    let reply = try JSONParser.parse(server.reply(to: Array(line.utf8)))
    #expect(reply["runs"]?[0]?["fault"]?["class"] == .string("request_budget_exhausted"))
    #expect(reply["runs"]?[0]?["return"] == .integer(5))
    let looping = #"{"type":"raw","ebpf":"\#(Self.loops)","runs":[{"repeat":9},{}]}"#
    let other = try JSONParser.parse(server.reply(to: Array(looping.utf8)))
    #expect(other["runs"]?[0]?["instructions"] == .integer(100_000))
    #expect(other["runs"]?[1]?["instructions"] == .integer(1))
  }

  @Test func runsObjects() throws {
    let packet = String(repeating: "00", count: 60)
    let object = CounterObject.path
    let reply = try reply(
      #"{"object":"\#(object)","program":"classify","runs":[{"input":"\#(packet)"}]}"#)
    #expect(reply["verdict"] == .string("accept"))
    #expect(reply["runs"]?[0]?["return"] == .integer(0))
    #expect(reply["stats"]?["slots"] == .integer(5))
    // The section says sched_cls; the request may say something else.
    let other = try self.reply(
      #"{"object":"\#(object)","program":"classify","type":"xdp","runs":[{"input":"\#(packet)"}]}"#)
    #expect(other["runs"]?[0]?["fault"] != JSONValue.null || other["runs"]?[0]?["return"] != nil)
    let decoded = try self.reply(#"{"object":"\#(object)","program":"count","stage":"decode"}"#)
    #expect(decoded["stats"]?["maps"] == .integer(6))
    #expect(decoded["runs"] == .array([]))
    let noObject = TestFiles.repository + "/Package.swift"
    let refused = try self.reply(#"{"object":"\#(noObject)","program":"x"}"#)
    #expect(refused["verdict"] == .string("reject"))
    #expect(refused["reason"]?["class"] == .string("object"))
  }

  @Test func mapsLastForTheirRequest() throws {
    // Adds 1 to the value of map 0 at index 0 and returns it.
    let program =
      "b702000000000000632afcff00000000bfa200000000000007020000fcffffff"
      + "18010000000000000000000000000000" + "8500000001000000" + "1500030000000000"
      + "7901000000000000" + "0701000001000000" + "7b10000000000000"
      + "bf10000000000000" + "9500000000000000"
    for kind in ["array", "percpu_array"] {
      let line = #"""
        {"type":"raw","ebpf":"\#(program)","runs":[{},{"repeat":3},{}],"maps":[
        {"kind":"\#(kind)","key_size":4,"value_size":8,"max_entries":1,"at":[4],
        "contents":[{"key":"00000000","value":"0a00000000000000"}]}]}
        """#
      for _ in 0..<2 {
        let reply = try reply(line)
        #expect(reply["runs"]?[0]?["return"] == .integer(11), "\(reply)")
        #expect(reply["runs"]?[1]?["return"] == .integer(14))
        #expect(reply["runs"]?[2]?["return"] == .integer(15))
      }
    }
  }

  @Test func decodingAloneMakesNoRun() throws {
    let reply = try reply(
      #"{"type":"kprobe","stage":"decode","ebpf":"\#(Self.loops)","runs":[{}]}"#)
    #expect(reply["verdict"] == .string("accept"))
    #expect(reply["runs"] == .array([]))
    #expect(reply["stats"]?["slots"] == .integer(1))
  }

  @Test func everyLineGetsAReplyHoweverBroken() throws {
    var limits = BatchLimits()
    limits.stepsPerRequest = 20_000
    limits.mapBytes = 1 << 20
    limits.objectLength = 0
    let server = BatchServer(limits: limits)
    let seeds = [
      #"{"id":1,"ebpf":"79100000000000009500000000000000","type":"raw","runs":[{"input":"ff","repeat":3}]}"#,
      #"{"id":2,"asm":"r0 = 1; l: r0 += 1; if r0 < 9 goto l; exit","type":"xdp","budget":99,"runs":[{}]}"#,
      #"{"id":3,"ebpf":"18010000000000000000000000000000850000000100000095","type":"sched_cls","maps":[{"kind":"hash","key_size":4,"value_size":8,"max_entries":2,"flags":1,"at":[0],"contents":[{"key":"00000000","value":"0000000000000000"}]}]}"#,
      #"{"id":5,"asm":"r0 = *(u8 *)(r1 + 0); exit","type":"raw","stage":"verify","verified":true,"attach_type":3}"#,
      #"{"id":4,"object":"x.o","program":"p","stage":"decode","verified":false,"engine":"all"}"#,
    ].map { Array($0.utf8) }
    // A generator of our own, so that a failure can be had again.
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for round in 0..<4_000 {
      var line = seeds[round % seeds.count]
      for _ in 0...random(4) {
        let index = random(line.count)
        switch random(4) {
        case 0: line[index] = UInt8(random(256))
        case 1: line[index] = line[random(line.count)]
        case 2: line.removeSubrange(index..<min(line.count, index + random(8)))
        default:
          line.insert(contentsOf: line[index..<min(line.count, index + random(16))], at: index)
        }
        if line.isEmpty { line = [0x7b] }
      }
      let reply = try JSONParser.parse(server.reply(to: line))
      #expect((reply["error"] == nil) != (reply["verdict"] == nil))
    }
  }

  private func reply(_ line: String) throws -> JSONValue {
    let line = line.filter { $0 != "\n" }
    return try JSONParser.parse(BatchServer().reply(to: Array(line.utf8)))
  }
}

extension JSONValue {
  /// An array's element.
  subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}
