import Testing

@testable import BPFCommands

/// `stage: rewrite` and `engine: interpreter` of the batch protocol.
@Suite struct BatchRewritingTests {
  private func reply(_ line: String) throws -> JSONValue {
    try JSONParser.parse(BatchServer().reply(to: Array(line.utf8)))
  }

  private static let packet = String(repeating: "00", count: 14)

  /// A store to a field that has 16 bits takes one instruction more.
  @Test func `a program is verified, rewritten and run without checks`() throws {
    let source =
      #""asm":"r2 = *(u32 *)(r1 + 0)\n*(u32 *)(r1 + 12) = r2\nr0 = *(u32 *)(r1 + 8)\nexit","type":"sched_cls""#
    let runs = #""runs":[{"input":"\#(Self.packet)","context":{"mark":77}}]"#
    for choice in [#""stage":"rewrite""#, #""engine":"interpreter""#] {
      let reply = try reply("{\(source),\(choice),\(runs)}")
      #expect(reply["verdict"] == .string("accept"), "\(reply)")
      #expect(reply["runs"]?[0]?["return"] == .integer(77))
      #expect(reply["stats"]?["instructions"]?["original"] == .integer(4))
      #expect(reply["stats"]?["instructions"]?["xlated"] == .integer(5))
      #expect(reply["stats"]?["executed"] == .integer(5))
      for stage in ["decode", "verify", "rewrite"] {
        #expect(reply["stats"]?["ns"]?[stage] != nil, "\(stage)")
      }
      #expect(reply["stats"]?["ns"]?["compile"] == nil)
    }
  }

  @Test func `only the stages that ran have times`() throws {
    func stages(_ members: String) throws -> [String] {
      guard
        case .object(let times) = try reply(
          "{\"asm\":\"r0 = 0; exit\",\"type\":\"xdp\"\(members)}")["stats"]?["ns"]
      else { return [] }
      return times.map(\.name)
    }
    #expect(try stages(#","stage":"decode""#) == ["decode"])
    #expect(try stages("") == ["decode"])
    #expect(try stages(#","verified":true"#) == ["decode", "verify"])
    #expect(try stages(#","stage":"verify""#) == ["decode", "verify"])
    #expect(try stages(#","stage":"rewrite""#) == ["decode", "verify", "rewrite"])
    #expect(
      try stages(#","stage":"rewrite","engine":"checked""#) == ["decode", "verify", "rewrite"])
  }

  @Test func `a rejected program is not rewritten, and says what is known of it`() throws {
    let reply = try reply(
      #"{"asm":"r0 = *(u8 *)(r1 + 0); exit","type":"raw","stage":"rewrite","runs":[{}]}"#)
    #expect(reply["verdict"] == .string("reject"))
    #expect(reply["reason"]?["class"] == .string("packet_bounds"))
    #expect(reply["runs"] == .array([]))
    #expect(reply["stats"]?["instructions"]?["original"] == .integer(2))
    #expect(reply["stats"]?["instructions"]?["xlated"] == nil)
    #expect(reply["stats"]?["ns"]?["verify"] != nil)
    let broken = try self.reply(#"{"asm":"r0 = ","type":"raw","stage":"rewrite"}"#)
    #expect(broken["reason"]?["class"] == .string("assembly"))
    #expect(broken["stats"]?["ns"]?["decode"] != nil)
  }

  @Test func `both engines give the same`() throws {
    let text =
      #"r2 = 0\n*(u32 *)(r10 - 4) = r2\nr2 = r10\nr2 += -4\nr1 = map[idx:0]\ncall map_lookup_elem\n"#
      + #"if r0 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\nr0 = r1\nout: exit"#
    for kind in ["array", "hash", "percpu_array"] {
      let request =
        #""asm":"\#(text)","type":"xdp","verified":true,"#
        + #""maps":[{"kind":"\#(kind)","key_size":4,"value_size":8,"max_entries":1,"contents":[{"key":"00000000","value":"2900000000000000"}]}],"#
        + #""runs":[{"input":"\#(Self.packet)","repeat":3}]"#
      let checked = try reply("{\(request)}")
      let unchecked = try reply("{\(request),\"engine\":\"interpreter\"}")
      #expect(checked["runs"]?[0]?["return"] == .integer(44), "\(checked)")
      #expect(unchecked["runs"]?[0]?["return"] == .integer(44), "\(unchecked)")
    }
  }

  /// Its tail calls and maps come from the object.
  @Test func `objects run without checks`() throws {
    let reply = try reply(
      #"{"object":"\#(CounterObject.path)","program":"count","stage":"rewrite","runs":[{"input":"\#(Self.packet)"}]}"#
    )
    let checked = try self.reply(
      #"{"object":"\#(CounterObject.path)","program":"count","runs":[{"input":"\#(Self.packet)"}]}"#
    )
    #expect(reply["verdict"] == .string("accept"), "\(reply)")
    #expect(reply["runs"]?[0]?["return"] == checked["runs"]?[0]?["return"])
    #expect(reply["runs"]?[0]?["output"] == checked["runs"]?[0]?["output"])
    #expect(reply["runs"]?[0]?["fault"] == .null)
    #expect(reply["stats"]?["instructions"]?["xlated"] == .integer(105))
  }

  @Test func `runs have a budget`() throws {
    let reply = try reply(
      #"{"asm":"r0 = 0; l: r0 += 1; if r0 < 1000 goto l; exit","type":"xdp","stage":"rewrite","budget":100,"runs":[{"input":"\#(Self.packet)"}]}"#
    )
    #expect(reply["runs"]?[0]?["fault"]?["class"] == .string("budget_exhausted"), "\(reply)")
  }
}
