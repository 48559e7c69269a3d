import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Texts that programs append to with `bpf_seq_printf` and `bpf_seq_write`.
@Suite struct SequenceTextTests {
  /// The text's address, then a format of 24 bytes.
  static func values(_ address: UInt64, _ format: String) -> MapSpec {
    let number = (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * UInt64($0))) }
    let text = Array(format.utf8)
    return MapSpec(
      name: "values", kind: .array, keySize: 4, valueSize: 32, maxEntries: 1,
      contents: [
        .init(
          key: [0, 0, 0, 0],
          value: .bytes(number + text + [UInt8](repeating: 0, count: 24 - text.count)))
      ])
  }

  static let printing = """
    r6 = map[idx:0][0]+0
    *(u64 *)(r10 - 8) = 42
    r1 = *(u64 *)(r6 + 0)
    r2 = r6
    r2 += 8
    r3 = 24
    r4 = r10
    r4 += -8
    r5 = 8
    call 126
    exit
    """

  static let writing = """
    r6 = map[idx:0][0]+0
    r1 = *(u64 *)(r6 + 0)
    r2 = r6
    r2 += 8
    r3 = 4
    call 127
    exit
    """

  /// Runs a program in order on one text.
  static func run(
    _ texts: [String], _ text: SequenceText?, format: String = "<%d>", address: UInt64? = nil,
    type: ProgramType = .tracing
  ) throws -> (results: [Int64], text: SequenceText?, fault: Fault?) {
    var text = text
    var results: [Int64] = []
    for program in texts {
      let map = try Map(values(address ?? text?.address ?? 0, format))
      let loaded = try LoadedProgram(
        unverified: Program(
          name: "sequence", slots: Assembler.assemble(program), mapNames: ["values"]),
        type: type, maps: [map])
      let frame = loaded.makeFrame()
      frame.sequenceText = text
      let outcome = loaded.run(frame)
      text = frame.sequenceText
      if let fault = outcome.fault { return (results, text, fault) }
      results.append(Int64(bitPattern: outcome.returnValue))
    }
    return (results, text, nil)
  }

  @Test func `programs append to one text`() throws {
    let run = try Self.run(
      [Self.printing, Self.writing, Self.printing], SequenceText(capacity: 100))
    #expect(run.results == [0, 0, 0])
    #expect(run.text?.bytes == Array("<42><%d><42>".utf8))
    #expect(run.text?.hasOverflowed == false)
  }

  @Test func `what does not fit is left out, and all after it`() throws {
    for program in [Self.printing, Self.writing] {
      let exact = try Self.run([program, program], SequenceText(capacity: 8))
      #expect(exact.results == [0, 0])
      let short = try Self.run([program, program, program], SequenceText(capacity: 7))
      #expect(short.results == [0, -75, -75])
      #expect(short.text?.bytes.count == 4)
      #expect(short.text?.hasOverflowed == true)
    }
    let none = try Self.run([Self.writing], SequenceText(capacity: 0))
    #expect(none.results == [-75])
  }

  @Test func `a bad format writes nothing`() throws {
    let run = try Self.run([Self.printing], SequenceText(capacity: 100), format: "%d %d")
    #expect(run.results == [-22])
    #expect(run.text?.bytes == [])
    #expect(run.text?.hasOverflowed == false)
  }

  @Test func `only the text's own address stands for it`() throws {
    for address: UInt64 in [0, 1, 0xffff_8880_0200_0001, 1 << 40] {
      for text in [SequenceText(capacity: 9), nil] {
        let run = try Self.run([Self.printing], text, address: address)
        #expect(
          run.fault?.kind == .invalidArgument(.seqPrintf, argument: 1, expected: .kernelObject))
      }
    }
    let run = try Self.run([Self.writing], nil, address: 0xffff_8880_0200_0000)
    #expect(run.fault?.kind == .invalidArgument(.seqWrite, argument: 1, expected: .kernelObject))
    let other = try Self.run([Self.writing], SequenceText(capacity: 9), type: .xdp)
    #expect(other.fault?.kind == .helperNotAllowed(.seqWrite, .xdp))
  }
}
