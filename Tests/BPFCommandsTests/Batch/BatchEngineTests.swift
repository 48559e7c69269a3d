import Testing

@testable import BPFCommands

/// The engines of the batch protocol, and `stage: compile`.
@Suite struct BatchEngineTests {
  private func reply(_ line: String, _ server: BatchServer = BatchServer()) throws -> JSONValue {
    try JSONParser.parse(server.reply(to: Array(line.utf8)))
  }

  private static let packet = String(repeating: "00", count: 14)
  private static let engines: [JSONValue] =
    (["checked", "interpreter"] + (LoadedEngine.isCompiled ? ["jit"] : [])).map(JSONValue.string)

  private static let counting =
    #""asm":"r2 = 0\n*(u32 *)(r10 - 4) = r2\nr2 = r10\nr2 += -4\nr1 = map[idx:0]\ncall map_lookup_elem\n"#
    + #"if r0 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\nr0 = r1\nout: exit","#
    + #""type":"xdp","maps":[{"kind":"array","key_size":4,"value_size":8,"max_entries":1}],"#
    + #""runs":[{"input":"\#(packet)","repeat":3}]"#

  @Test(.enabled(if: LoadedEngine.isCompiled))
  func `a program is compiled and run`() throws {
    let reply = try reply("{\(Self.counting),\"engine\":\"jit\"}")
    #expect(reply["verdict"] == .string("accept"), "\(reply)")
    #expect(reply["runs"]?[0]?["return"] == .integer(3))
    #expect(reply["runs"]?[0]?["instructions"] == .null)
    #expect(reply["stats"]?["engines"] == .array([.string("jit")]))
    #expect(reply["stats"]?["runs"] == .integer(3))
    #expect(reply["stats"]?["executed"] == .integer(0))
    guard case .integer(let bytes) = reply["stats"]?["bytes"] else {
      Issue.record("no size: \(reply)")
      return
    }
    #expect((20...400).contains(bytes))
    #expect(reply["stats"]?["ns"]?["compile"] != nil)
  }

  @Test func `with a budget the interpreter runs`() throws {
    let request =
      #""asm":"r0 = 0; l: r0 += 1; if r0 < 1000 goto l; exit","type":"xdp","engine":"jit""#
    let run = #""runs":[{"input":"\#(Self.packet)"}]"#
    let limited = try reply("{\(request),\"budget\":100,\(run)}")
    #expect(limited["runs"]?[0]?["fault"]?["class"] == .string("budget_exhausted"), "\(limited)")
    #expect(limited["stats"]?["engines"] == .array([.string("interpreter")]))
    var limits = BatchLimits()
    limits.endsEveryRun = true
    let counted = try reply("{\(request),\(run)}", BatchServer(limits: limits))
    #expect(counted["stats"]?["engines"] == .array([.string("interpreter")]))
    #expect(counted["runs"]?[0]?["instructions"] == .integer(2002))
  }

  @Test func `a program that is not proved safe is not compiled`() throws {
    let reply = try reply(
      #"{"asm":"r0 = *(u8 *)(r1 + 0); exit","type":"raw","engine":"jit","runs":[{"input":"07"}]}"#)
    #expect(reply["verdict"] == .string("reject"))
    #expect(reply["reason"]?["class"] == .string("packet_bounds"))
    #expect(reply["stats"]?["bytes"] == nil)
    #expect(reply["runs"] == .array([]))
  }

  @Test func `compiling is a stage`() throws {
    let request = #""object":"\#(CounterObject.path)","program":"count","stage":"compile""#
    let runs = #""runs":[{"input":"\#(Self.packet)"}]"#
    for engine in ["", #","engine":"checked""#] {
      let reply = try reply("{\(request),\(runs)\(engine)}")
      guard LoadedEngine.isCompiled else {
        #expect(reply["reason"]?["class"] == .string("engine"))
        return
      }
      #expect(reply["verdict"] == .string("accept"), "\(reply)")
      #expect(reply["runs"] == .array([]))
      #expect(reply["stats"]?["bytes"] != nil)
      #expect(reply["stats"]?["engines"] == nil)
      for stage in ["decode", "verify", "rewrite", "compile"] {
        #expect(reply["stats"]?["ns"]?[stage] != nil, "\(stage)")
      }
    }
  }

  @Test func `all engines run it, each with maps of its own`() throws {
    let reply = try reply("{\(Self.counting),\"engine\":\"all\"}")
    #expect(reply["verdict"] == .string("accept"), "\(reply)")
    #expect(reply["runs"]?[0]?["return"] == .integer(3))
    #expect(reply["runs"]?[0]?["instructions"] == .integer(12))
    #expect(reply["runs"]?[1] == nil)
    #expect(reply["stats"]?["engines"] == .array(Self.engines))
    #expect(reply["stats"]?["runs"] == .integer(Int128(3 * Self.engines.count)))
    #expect(reply["stats"]?["not_proved"] == nil)
    let object = try self.reply(
      #"{"object":"\#(CounterObject.path)","program":"count","engine":"all","runs":[{"input":"\#(Self.packet)"}]}"#
    )
    #expect(object["verdict"] == .string("accept"), "\(object)")
    #expect(object["stats"]?["engines"] == .array(Self.engines))
  }

  @Test func `engines that differ are a verdict`() throws {
    // What it returns depends on where the context lies.
    let reply = try reply(
      #"{"asm":"r0 = r1; exit","type":"xdp","engine":"all","runs":[{"input":"\#(Self.packet)"}]}"#)
    #expect(reply["verdict"] == .string("differ"), "\(reply)")
    #expect(reply["reason"]?["class"] == .string("engines_differ"))
    guard case .string(let message) = reply["reason"]?["message"] else {
      Issue.record("no message")
      return
    }
    #expect(message.hasPrefix("runs[0]: return value: checked "), "\(message)")
    #expect(message.contains(", interpreter "))
    // So are maps.
    let maps = try self.reply(
      #"{"asm":"r6 = r1\nr2 = 0\n*(u32 *)(r10 - 4) = r2\nr2 = r10\nr2 += -4\nr1 = map[idx:0]\ncall map_lookup_elem\nif r0 == 0 goto out\n*(u64 *)(r0 + 0) = r6\nout: r0 = 0\nexit","type":"xdp","engine":"all","maps":[{"kind":"array","key_size":4,"value_size":8,"max_entries":1}],"runs":[{"input":"\#(Self.packet)"}]}"#
    )
    #expect(maps["verdict"] == .string("differ"), "\(maps)")
    #expect("\(maps)".contains("map map0, key 00000000: from byte "), "\(maps)")
  }

  @Test func `what is not proved safe runs where that needs no proof`() throws {
    let request =
      #""asm":"r0 = *(u8 *)(r1 + 0); exit","type":"raw","engine":"all","runs":[{"input":"07"}]"#
    let reply = try reply("{\(request)}")
    #expect(reply["verdict"] == .string("accept"), "\(reply)")
    #expect(reply["runs"]?[0]?["return"] == .integer(7))
    #expect(reply["stats"]?["engines"] == .array([.string("checked")]))
    #expect(reply["stats"]?["not_proved"]?["class"] == .string("packet_bounds"))
    let proved = try self.reply("{\(request),\"verified\":true}")
    #expect(proved["verdict"] == .string("reject"))
  }

  @Test func `a budget that ends runs elsewhere is no difference`() throws {
    for budget in [1, 5, 100, 2001, 2002, 2003] {
      let reply = try reply(
        #"{"asm":"r0 = 0; l: r0 += 1; if r0 < 1000 goto l; exit","type":"xdp","engine":"all","budget":\#(budget),"runs":[{"input":"\#(Self.packet)"},{"input":"\#(Self.packet)"}]}"#
      )
      #expect(reply["verdict"] == .string("accept"), "\(reply)")
    }
  }
}
