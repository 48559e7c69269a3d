import Testing

@testable import BPFCommands

/// `stage: verify` and `verified: true` of the batch protocol.
@Suite struct BatchVerificationTests {
  private func reply(_ line: String) throws -> JSONValue {
    try JSONParser.parse(BatchServer().reply(to: Array(line.utf8)))
  }

  @Test func `an accepted program has what it took`() throws {
    let reply = try reply(
      #"{"asm":"r0 = 0; l: r0 += 1; if r0 < 10 goto l; exit","type":"xdp","stage":"verify"}"#)
    #expect(reply["verdict"] == .string("accept"))
    #expect(reply["reason"] == nil)
    #expect(reply["stats"]?["processed"] == .integer(22))
    guard case .integer(let states) = reply["stats"]?["states"] else {
      Issue.record("no states")
      return
    }
    #expect(states > 0)
    #expect(reply["stats"]?["slots"] == .integer(4))
    #expect(reply["runs"] == .array([]))
  }

  @Test(arguments: [
    (#""asm":"r0 = *(u8 *)(r1 + 0); exit","type":"raw""#, "packet_bounds", 0),
    (#""asm":"exit","type":"xdp""#, "uninitialized_register", 0),
    (#""asm":"r0 = 1; goto -2","type":"xdp""#, "infinite_loop", 0),
    (#""asm":"r0 = 0; r1 = 5; call 9999; exit","type":"xdp""#, "unknown_helper", 2),
  ])
  func `a rejected program has class, instruction and figures`(
    members: String, kind: String, slot: Int128
  ) throws {
    for stage in [#""stage":"verify""#, #""verified":true,"runs":[{}]"#] {
      let reply = try reply("{\(members),\(stage)}")
      #expect(reply["verdict"] == .string("reject"))
      #expect(reply["reason"]?["class"] == .string(kind), "\(reply)")
      #expect(reply["reason"]?["instruction"] == .integer(slot))
      #expect(reply["stats"]?["processed"] != nil)
      #expect(reply["runs"] == .array([]))
    }
  }

  @Test func `the same program runs where no proof is asked for`() throws {
    let source = #""asm":"r0 = *(u8 *)(r1 + 0); exit","type":"raw","runs":[{"input":"2a"}]"#
    #expect(try reply("{\(source)}")["runs"]?[0]?["return"] == .integer(42))
    #expect(try reply("{\(source),\"verified\":false}")["stats"]?["processed"] == nil)
  }

  @Test func `a verified program runs`() throws {
    let reply = try reply(
      #"""
      {"asm":"r0 = 0; if r2 == 0 goto out; r3 = r1; r3 += r2; r4 = r1; r4 += 1; if r4 > r3 goto out; r0 = *(u8 *)(r1 + 0); out: exit","type":"raw","verified":true,"runs":[{"input":"2a"},{}]}
      """#)
    #expect(reply["verdict"] == .string("accept"), "\(reply)")
    #expect(reply["runs"]?[0]?["return"] == .integer(42))
    #expect(reply["runs"]?[1]?["return"] == .integer(0))
    #expect(reply["stats"]?["processed"] != nil)
  }

  @Test func `what cannot be checked is unsupported`() throws {
    let reply = try reply(
      #"{"asm":"r0 = *(u64 *)(r1 + 0); exit","type":"tracing","stage":"verify"}"#)
    #expect(reply["verdict"] == .string("unsupported"))
    #expect(reply["reason"]?["class"] == .string("unsupported"))
  }

  @Test func `maps of the request bound what programs reach`() throws {
    func verdict(_ offset: Int) throws -> JSONValue? {
      let text =
        "r2 = 0\\n*(u32 *)(r10 - 4) = r2\\nr2 = r10\\nr2 += -4\\nr1 = map[idx:0]\\ncall map_lookup_elem\\n"
        + "if r0 == 0 goto out\\nr1 = *(u8 *)(r0 + \(offset))\\nout: r0 = 0\\nexit"
      return try reply(
        #"{"asm":"\#(text)","type":"xdp","stage":"verify","#
          + #""maps":[{"kind":"hash","key_size":4,"value_size":8,"max_entries":1}]}"#)
    }
    #expect(try verdict(7)?["verdict"] == .string("accept"))
    #expect(try verdict(8)?["reason"]?["class"] == .string("map_value_bounds"))
  }

  @Test func `objects are verified`() throws {
    let object = VerifyCommandTests.object
    func reply(_ program: String, _ members: String = "") throws -> JSONValue {
      try self.reply(
        #"{"object":"\#(object)","program":"\#(program)","stage":"verify"\#(members)}"#)
    }
    let sum = try reply("sum")
    #expect(sum["verdict"] == .string("accept"))
    #expect(sum["stats"]?["maps"] == .integer(0))
    let short = try reply("short_check")
    #expect(short["reason"]?["class"] == .string("packet_bounds"))
    guard case .string(let message) = short["reason"]?["message"] else {
      Issue.record("no message")
      return
    }
    #expect(message.contains("; at ./verify.bpf.c:"))
    #expect(try reply("walk")["verdict"] == .string("unsupported"))
    let asAnother = try reply("unchecked", #","type":"xdp""#)
    #expect(asAnother["verdict"] == .string("reject"))
  }
}
