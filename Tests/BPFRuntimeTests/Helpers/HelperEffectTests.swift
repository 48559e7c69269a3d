import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable @_spi(Unverified) import BPFRuntime

/// What helpers leave for the host to see; needs no kernel.
@Suite struct HelperEffectTests {
  private static let packet = [UInt8](repeating: 7, count: 60)

  /// Runs a program without maps on a packet.
  private func run(
    as type: ProgramType = .xdp, prepare: (ExecutionFrame) -> Void = { _ in },
    _ build: (inout ProgramBuilder) -> Void
  ) throws -> Outcome {
    var builder = ProgramBuilder("effect")
    build(&builder)
    builder.exit()
    let program = try LoadedProgram(unverified: builder.program(), type: type, maps: [])
    let frame = program.makeFrame()
    prepare(frame)
    unsafe try frame.load(Self.packet.span.bytes)
    return program.run(frame)
  }

  @Test func `a redirect is recorded`() throws {
    let outcome = try run {
      $0.move(.r1, 3)
      $0.move(.r2, 0)
      $0.call(.redirect)
    }
    #expect(outcome.returnValue == 4)
    #expect(outcome.redirect == .interface(3, flags: 0))
    let classifier = try run(as: .schedCLS) {
      $0.move(.r1, 3)
      $0.move(.r2, 1)
      $0.call(.redirect)
    }
    #expect(classifier.returnValue == 7)
    #expect(classifier.redirect == .interface(3, flags: 1))
  }

  @Test func `a refused redirect is not recorded`() throws {
    let outcome = try run {
      $0.move(.r1, 3)
      $0.move(.r2, 1)
      $0.call(.redirect)
    }
    #expect(outcome.returnValue == 0)
    #expect(outcome.redirect == nil)
  }

  @Test func `trace lines read strings of the program and nothing else`() throws {
    func trace(_ third: (inout ProgramBuilder) -> Void) throws -> Outcome {
      try run {
        $0.storeBytes(Array("<%s>".utf8) + [0], at: -8)
        $0.storeBytes(Array("text".utf8) + [0, 9, 9, 9], at: -16)
        $0.move(.r1, .r10)
        $0.apply(.add, .r1, .immediate(-8))
        $0.move(.r2, 5)
        third(&$0)
        $0.move(.r4, 0)
        $0.move(.r5, 0)
        $0.call(.tracePrintk)
      }
    }
    let readable = try trace {
      $0.move(.r3, .r10)
      $0.apply(.add, .r3, .immediate(-16))
    }
    #expect(readable.fault == nil)
    #expect(readable.traceLines == ["<text>"])
    #expect(readable.returnValue == 6)
    for address: UInt64 in [0, 1, 0x7fff_0000_0000, 0xffff_8000_0000_0000, .max] {
      let unreadable = try trace { $0.moveWide(.r3, address) }
      #expect(unreadable.fault == nil)
      #expect(unreadable.traceLines == ["<>"])
      #expect(unreadable.returnValue == 2)
    }
    // Bytes of the stack that were never written cannot be read either.
    let unwritten = try trace {
      $0.move(.r3, .r10)
      $0.apply(.add, .r3, .immediate(-32))
    }
    #expect(unwritten.traceLines == ["<>"])
  }

  @Test func `a bad format writes no line`() throws {
    let outcome = try run {
      $0.storeBytes(Array("%d %q".utf8) + [0, 0, 0], at: -8)
      $0.move(.r1, .r10)
      $0.apply(.add, .r1, .immediate(-8))
      $0.move(.r2, 8)
      for register in [Register.r3, .r4, .r5] { $0.move(register, 1) }
      $0.call(.tracePrintk)
    }
    #expect(Int64(bitPattern: outcome.returnValue) == -22)
    #expect(outcome.traceLines.isEmpty)
  }

  @Test(arguments: [
    HelperID.ktimeGetNanoseconds, .ktimeGetBootNanoseconds, .ktimeGetCoarseNanoseconds,
    .ktimeGetTAINanoseconds,
  ])
  func `clocks show what the host sets, or its own time`(helper: HelperID) throws {
    let fixed = try run(prepare: { $0.clock = .fixed(nanoseconds: 12_345) }) { $0.call(helper) }
    #expect(fixed.returnValue == 12_345)
    let first = try run { $0.call(helper) }
    let second = try run { $0.call(helper) }
    #expect(first.returnValue > 0 && first.returnValue <= second.returnValue)
  }

  @Test func `jiffies are ticks of 4 ms`() throws {
    func ticks(_ nanoseconds: UInt64) throws -> UInt64 {
      try run(prepare: { $0.clock = .fixed(nanoseconds: nanoseconds) }) {
        $0.call(.jiffies64)
      }.returnValue
    }
    #expect(try ticks(4_000_000) == ticks(3_999_999) + 1)
    // The kernel's counter wraps at 32 bits five minutes after boot.
    #expect(try ticks(300_000_000_000) == 1 << 32)
  }

  @Test func `chance repeats with its seed`() throws {
    func numbers(_ seed: UInt64) throws -> UInt64 {
      try run(prepare: { $0.randomState = seed }) {
        $0.call(.getRandomU32)
        $0.move(.r6, .r0)
        $0.call(.getRandomU32)
        $0.apply(.shiftLeft, .r6, .immediate(32))
        $0.apply(.or, .r0, .register(.r6))
      }.returnValue
    }
    #expect(try numbers(1) == numbers(1))
    #expect(try numbers(1) != numbers(2))
    let both = try numbers(0)
    #expect(both != 0 && both >> 32 != both & 0xffff_ffff)
  }

  @Test func `the host can say which task it is`() throws {
    let task = TaskIdentity(
      processID: 10, threadID: 11, userID: 12, groupID: 13, name: "a name of more than 15 bytes")
    let identifiers = try run(prepare: { $0.task = task }) { $0.call(.getCurrentPIDTGID) }
    #expect(identifiers.returnValue == 10 << 32 | 11)
    let users = try run(prepare: { $0.task = task }) { $0.call(.getCurrentUIDGID) }
    #expect(users.returnValue == 13 << 32 | 12)
  }

  @Test func `headroom is clean for every packet`() throws {
    var builder = ProgramBuilder("headroom")
    builder.move(.r6, .r1)
    builder.move(.r2, -8)
    builder.call(.xdpAdjustHead)
    builder.load(.r2, .word, .r6, 0)
    builder.load(.r0, .double, .r2, 0)
    builder.store(.double, .r2, 0, .immediate(-1))
    builder.exit()
    let program = try LoadedProgram(unverified: builder.program(), type: .xdp, maps: [])
    let frame = program.makeFrame()
    for _ in 0..<3 {
      unsafe try frame.load(Self.packet.span.bytes)
      let outcome = program.run(frame)
      #expect(outcome.fault == nil)
      #expect(outcome.returnValue == 0)
    }
  }
}
