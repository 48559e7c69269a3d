import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// What each pass makes of programs small enough to read.
@Suite struct PassTests {
  static func contains(_ opcode: UInt8, _ program: Program) -> Bool {
    var slot = 0
    while slot < program.slots.count {
      if program.slots[slot].opcode == opcode { return true }
      slot += program.slots[slot].isWide ? 2 : 1
    }
    return false
  }

  // MARK: Removal

  @Test func `unreachable code goes, with functions that nobody calls`() throws {
    let slots = try Assembler.assemble(
      """
      goto used
      r0 = 1
      exit
      used:
      call callee
      exit
      unused:
      r0 = 2
      exit
      callee:
      r0 = 3
      exit
      """)
    let program = try Program(
      name: "main", slots: slots,
      subprograms: [
        Subprogram(name: "main", start: 0), Subprogram(name: "unused", start: 5),
        Subprogram(name: "callee", start: 7),
      ])
    let result = try PassComparison(program).expectSame([
      UnreachableCodeRemoval(), EmptyJumpRemoval(),
    ])
    #expect(listing(of: result) == ["call pc+0x1", "exit", "r0 = 0x3", "exit"])
    #expect(result.subprograms.map(\.name) == ["main", "callee"])
  }

  @Test func `jumps over jumps that go are gone too`() throws {
    let comparison = try PassComparison(
      """
      r0 = 1
      if r0 == 1 goto end
      if r0 == 2 goto end
      goto end
      end:
      r0 += 1
      loop:
      if r0 == 5 goto out
      r0 += 1
      goto loop
      out:
      may_goto +0
      exit
      """)
    let result = try comparison.expectSame([EmptyJumpRemoval()])
    #expect(
      listing(of: result) == [
        "r0 = 0x1", "r0 += 0x1", "if r0 == 0x5 goto +0x2", "r0 += 0x1", "goto -0x3",
        "may_goto +0x0", "exit",
      ])
  }

  @Test func `a jump to the function behind it stays`() throws {
    let slots = try Assembler.assemble("call pc+1\ngoto +0\nr0 = 3\nexit\n")
    let program = try Program(
      name: "main", slots: slots,
      subprograms: [Subprogram(name: "main", start: 0), Subprogram(name: "callee", start: 2)])
    let result = try PassComparison(program).patched([EmptyJumpRemoval()])
    #expect(result.program.slots == slots)
  }

  @Test func `a branch into a load immediate, or out of the program, is refused and not followed`()
    throws
  {
    for text in ["goto +1\nr0 = 1 ll\nexit", "if r1 == 0 goto +9\nmay_goto +1\nr0 = 1 ll\nexit"] {
      let comparison = try PassComparison(text)
      for pass in PassPropertyTests.passes(seed: 1) {
        #expect(throws: PatchError.self) { try comparison.patched([pass]) }
      }
    }
  }

  // MARK: Divisions

  @Test func `divisions give the same, guarded, for every kind and every edge`() throws {
    let values: [UInt64] = [
      0, 1, 2, 7, .max, .max - 1, 1 << 63, 1 << 31, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0000,
      0xffff_ffff_8000_0000, 0x8000_0000_ffff_ffff,
    ]
    let operations: [ArithmeticOperation] = [.divide, .modulo, .signedDivide, .signedModulo]
    for operation in operations {
      for width in ArithmeticWidth.allCases {
        for left in values {
          for right in values {
            var divisors: [Operand] = [.register(.r2), .register(.r0)]
            if let small = Int32(exactly: Int64(bitPattern: right)) {
              divisors.append(.immediate(small))
            }
            for divisor in divisors {
              var builder = ProgramBuilder("\(operation)")
              builder.moveWide(.r0, divisor == .register(.r0) ? right : left)
              builder.moveWide(.r2, right)
              builder.apply(operation, .r0, divisor, width: width)
              builder.exit()
              let result = try PassComparison(builder.program()).expectSame([DivisionGuards()])
              if case .immediate(0) = divisor {
                #expect(
                  !result.slots.contains { $0.opcode & 0x07 == 7 && $0.opcode & 0xf0 == 0x30 })
              }
            }
          }
        }
      }
    }
  }

  // MARK: may_goto

  @Test func `may_goto jumps after as many rounds as before, in each call of a function`() throws {
    let comparison = try PassComparison(
      """
      r6 = 2
      again:
      call count
      r6 -= 1
      if r6 != 0 goto again
      exit
      count:
      r0 = 0
      loop:
      may_goto out
      may_goto out
      r0 += 1
      goto loop
      out:
      exit
      """)
    let result = try comparison.expectSame([MayGotoLowering()])
    #expect(!Self.contains(0xe5, result))
    #expect(try comparison.run(result, [UInt8](repeating: 0, count: 64)).returnValue == 4 << 20)
  }

  @Test func `a loop around the function's start does not begin to count again`() throws {
    let comparison = try PassComparison("r0 = 1\nmay_goto +1\ngoto -3\nexit\n")
    try comparison.expectSame([MayGotoLowering()])
  }

  @Test func `the counter lies below what functions do through addresses they are given`() throws {
    let comparison = try PassComparison(
      """
      r1 = r10
      r1 += -8
      *(u64 *)(r10 - 0x40) = r1
      r1 = *(u64 *)(r10 - 0x40)
      call below
      r0 = *(u64 *)(r10 - 0x60)
      may_goto +0
      exit
      below:
      r1 -= 0x58
      r2 = 7
      *(u64 *)(r1 + 0) = r2
      r0 = 0
      exit
      """)
    let result = try comparison.expectSame([MayGotoLowering()])
    #expect(listing(of: result).first == "*(u64 *)(r10 - 0x68) = 0x800000")
  }

  @Test func `a stack that is full, or used in ways that cannot be told, is refused`() throws {
    #expect(throws: PatchError.stackFull(subprogram: "main")) {
      try PassComparison("*(u8 *)(r10 - 0x1f9) = 1\nmay_goto +0\nexit").patched([MayGotoLowering()])
    }
    #expect(throws: PatchError.stackUseUnknown(subprogram: "main")) {
      try PassComparison("r2 = r10\nr2 += r1\n*(u8 *)(r2 - 8) = 1\nmay_goto +0\nexit")
        .patched([MayGotoLowering()])
    }
    #expect(throws: PatchError.stackUseUnknown(subprogram: "main")) {
      try PassComparison("r2 = r10\n*(u8 *)(r2 - 8) = 1\nr2 += -1\nmay_goto -3\nexit")
        .patched([MayGotoLowering()])
    }
  }

  // MARK: Packet loads

  static let packets: [[UInt8]] = [14, 15, 34, 64, 200].map { count in
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
  }

  static func packetLoads() throws -> [Program] {
    var programs: [Program] = []
    let offsets: [Int32] = [
      0, 1, 12, 13, 14, 33, 60, 63, 64, 199, 0x7ff0, 0x7fff, 0x1_0000, .max, -1, -0x10_0000,
      -0x10_0000 + 4, -0x10_0001, -0x20_0000, -0x20_0000 + 13, -0x20_0001, .min,
    ]
    for size in [MemorySize.byte, .half, .word] {
      for offset in offsets {
        for isIndirect in [false, true] {
          var builder = ProgramBuilder("packetload")
          builder.move(.r6, .r1)
          builder.move(.r7, 100)
          builder.store(.double, .r10, -8, .immediate(1000))
          if isIndirect {
            builder.move(.r3, offset &- 5)
            builder.emit(.loadPacket(size, .indirect(.r3, 5)))
          } else {
            builder.emit(.loadPacket(size, .absolute(offset)))
          }
          builder.apply(.add, .r0, .register(.r7))
          builder.load(.r1, .double, .r10, -8)
          builder.apply(.add, .r0, .register(.r1))
          builder.exit()
          programs.append(try builder.program())
        }
      }
    }
    return programs
  }

  @Test(arguments: [ProgramType.schedCLS, .socketFilter])
  func `packet loads give the same as ordinary code`(type: ProgramType) throws {
    for program in try Self.packetLoads() {
      let comparison = PassComparison(program, type: type)
      for packet in Self.packets {
        let result = try comparison.expectSame([PacketLoadLowering(for: type)], packet: packet)
        #expect(!result.slots.contains { [0x20, 0x40].contains($0.opcode & 0xe7) })
      }
      try comparison.expectSame([
        PacketLoadLowering(for: type), ConstantBlinding(using: SeededGenerator(seed: 1)),
      ])
    }
  }

  @Test func `packet loads of programs without a packet are refused`() throws {
    for type in [ProgramType.raw, .xdp] {
      #expect(throws: PatchError.noPacketToLoadFrom(slot: 0)) {
        try PassComparison("r0 = *(u8 *)skb[0]\nexit", type: type)
          .patched([PacketLoadLowering(for: type)])
      }
    }
  }

  // MARK: Inlining

  @Test func `helpers give way to constants and to memory`() throws {
    let comparison = try PassComparison("call 8\nr6 = r0\ncall 8\nr0 += r6\nexit")
    let small = try comparison.patched([HelperInlining([.getProcessorID: .constant(3)])])
    #expect(listing(of: small.program).first == "r0 = 0x3")
    #expect(try comparison.run(small.program, Self.packets[0]).returnValue == 6)
    let large = try comparison.patched([HelperInlining([.getProcessorID: .constant(1 << 40)])])
    #expect(try comparison.run(large.program, Self.packets[0]).returnValue == 1 << 41)
    let memory = try comparison.patched([
      HelperInlining([.getProcessorID: .memory(.mapIndexValue(0, offset: 8), .word)])
    ])
    #expect(
      listing(of: memory.program).prefix(2) == [
        "r0 = map[idx:0][0]+0x8", "w0 = *(u32 *)(r0 + 0x0)",
      ])
    #expect(memory.program.slots.count == 9)
  }

  // MARK: Blinding

  /// The immediates of a program.
  static func immediates(_ program: Program) -> Set<Int32> {
    Set(program.slots.filter { $0.displacementField == .none }.map(\.immediate))
  }

  @Test func `no immediate of the program is left, and keys are new each time`() throws {
    let comparison = try PassComparison(
      """
      r0 = 0x11223301
      w0 = 0x11223302
      r0 += 0x11223303
      w0 += 0x11223304
      r0 -= 0x11223305
      r0 *= 0x11223306
      r0 /= 0x11223307
      r0 s%= 0x11223308
      r0 |= 0x11223309
      w0 &= 0x1122330a
      r0 ^= 0x1122330b
      r0 <<= 0x3f
      if r0 == 0x1122330c goto +0
      if w0 s< 0x1122330d goto +0
      if r0 & 0x1122330e goto +0
      *(u32 *)(r10 - 4) = 0x1122330f
      *(u64 *)(r10 - 16) = 0x11223310
      r2 = 0x1122331111223312 ll
      r3 = -0x1122331311223314 ll
      r0 += r2
      r0 ^= r3
      exit
      """)
    var seen: Set<Set<Int32>> = []
    for seed in 0..<20 as Range<UInt64> {
      let result = try comparison.expectSame([
        ConstantBlinding(using: SeededGenerator(seed: seed))
      ])
      let left = Self.immediates(result).intersection(Self.immediates(comparison.program))
      // What is left are fields that hold no immediate.
      #expect(left.isSubset(of: [0]), "\(left)")
      seen.insert(Self.immediates(result))
    }
    #expect(seen.count == 20)
  }

  @Test func `a register that is in use comes back on both ways of a jump`() throws {
    let lines = (0...9).map { "r\($0) = \($0 + 1)" }
    let uses = (1...9).map { "r0 *= 31\nr0 ^= r\($0)" }
    for value in [5, 6] {
      let comparison = try PassComparison(
        (lines + ["if r4 == \(value) goto +1", "r4 += 100"] + uses + ["exit"])
          .joined(separator: "\n"))
      let result = try comparison.expectSame([ConstantBlinding(using: SeededGenerator(seed: 9))])
      #expect(listing(of: result).contains { $0.hasPrefix("*(u64 *)(r10 - 0x8) = r") })
    }
  }

  @Test func `what cannot be hidden is refused`() throws {
    let blinding = ConstantBlinding(using: SeededGenerator(seed: 1))
    #expect(throws: PatchError.packetLoadNotLowered(slot: 1)) {
      try PassComparison("r6 = r1\nr0 = *(u8 *)skb[0]\nexit").patched([blinding])
    }
    let lines = (0...9).map { "r\($0) = \($0 + 1)" }
    let uses = (1...9).map { "r0 ^= r\($0)" }
    let full = lines + ["*(u64 *)(r10 - 512) = r1", "r4 *= 3"] + uses + ["exit"]
    #expect(throws: PatchError.stackFull(subprogram: "main")) {
      try PassComparison(full.joined(separator: "\n")).patched([blinding])
    }
    // Every other register may be read later, and none is known to hold anything.
    let bare = ["call pc+1", "exit", "r0 *= 3"] + uses + ["exit"]
    #expect(throws: PatchError.noScratchRegister(slot: 2)) {
      try PassComparison(bare.joined(separator: "\n")).patched([blinding])
    }
  }

  @Test func `programs that use nearly all of their stack leave room for one register`() throws {
    var refused = 0
    for seed in 0..<60 as Range<UInt64> {
      for depth in [504, 512] {
        let comparison = PassComparison(try RandomProgram.program(seed: seed, depth: depth))
        do {
          try comparison.expectSame([ConstantBlinding(using: SeededGenerator(seed: seed))])
        } catch PatchError.stackFull(subprogram: "main") {
          #expect(depth == 512)
          refused += 1
        }
      }
    }
    #expect(refused > 0)
  }
}
