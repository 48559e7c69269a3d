import Testing

@testable import BPFISA

@Suite struct AssemblerTests {
  /// What a text assembles to, as 64-bit words.
  private func words(_ text: String) throws -> [UInt64] {
    try Assembler.assemble(text).map(\.bits)
  }

  private func failure(_ text: String) -> AssemblyError? {
    do {
      _ = try Assembler.assemble(text)
      return nil
    } catch {
      return error
    }
  }

  private func expectFailure(
    _ text: String, column: Int, line: Int = 1, _ reason: AssemblyError.Reason,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      failure(text) == AssemblyError(line: line, column: column, reason: reason),
      sourceLocation: sourceLocation)
  }

  // MARK: What is accepted

  @Test func labels() throws {
    let text = """
      start:
        r0 = 0
      loop: r0 += 1
        if r0 < 10 goto loop
        goto done
        call start
        r1 = subprog[start]
      done:
        exit
      """
    #expect(
      try words(text) == [
        0xb7, 0x1_0000_0007, 0xa_fffe_00a5, 0x3_0005, 0xffff_fffb_0000_1085,
        0xffff_fffa_0000_4118, 0, 0x95,
      ])
    let assembled = try Assembler().assemble(utf8: Array(text.utf8))
    #expect(
      assembled.labels == [
        Subprogram(name: "start", start: 0), Subprogram(name: "loop", start: 1),
        Subprogram(name: "done", start: 7),
      ])
    #expect(assembled.lines.map(\.slot) == [0, 1, 2, 3, 4, 5, 7])
    #expect(assembled.lines.map(\.line) == [2, 3, 4, 5, 6, 7, 9])
  }

  @Test func numericLabels() throws {
    #expect(
      try words("1: goto 1f; goto 1b; 1: goto 1b; goto 2f; 2:") == [
        0x1_0005, 0xfffe_0005, 0xffff_0005, 0x0005,
      ])
  }

  @Test func comments() throws {
    let text = """
      // one
      # two
      ; three = r1
      r0 = 1 // four
      r0 = 2 # five
      /* six
         r0 = 9 */ r0 = 3 /* seven */ ; r0 = 4
      exit
      """
    #expect(
      try words(text) == [0x1_0000_00b7, 0x2_0000_00b7, 0x3_0000_00b7, 0x4_0000_00b7, 0x95])
  }

  @Test func numbersAndBlanks() throws {
    #expect(try words("r1=0x10") == [0x10_0000_01b7])
    #expect(try words("r1 = -0x10") == [0xffff_fff0_0000_01b7])
    #expect(try words("\tr1\t=\t- 16\r\n") == [0xffff_fff0_0000_01b7])
    #expect(try words("r1 = 0b101") == [0x5_0000_01b7])
    #expect(try words("r1 = 017") == [0xf_0000_01b7])
    #expect(try words("r1 = 4294967295") == [0xffff_ffff_0000_01b7])
    #expect(try words("r1 = -2147483648") == [0x8000_0000_0000_01b7])
    #expect(try words("r1 = 0xffffffffffffffff ll") == [0xffff_ffff_0000_0118, 0xffff_ffff << 32])
    #expect(try words("r1 = -9223372036854775808 ll") == [0x118, 0x8000_0000 << 32])
    #expect(try words("r1=*(u8*)(r2-1)") == [0xffff_2171])
    #expect(try words("*(u8*)(r1+0)=5") == [0x5_0000_0172])
    #expect(try words("") == [])
    #expect(try words("\n\n  \n") == [])
  }

  /// The kernel's own way of writing, and LLVM's looser forms.
  @Test func otherForms() throws {
    #expect(try words("r0 = *(u32 *)(r1 +4)") == [0x4_1061])
    #expect(try words("w0 = *(u32 *)(r1 + 4)") == [0x4_1061])
    #expect(try words("if r1 == 0x5 goto pc+7") == [0x5_0007_0115])
    #expect(try words("goto pc-2") == [0xfffe_0005])
    #expect(try words("goto 3") == [0x3_0005])
    #expect(try words("lock *(u32 *)(r1 + 0) += r2") == [0x21c3])
    #expect(try words("r2 = atomic_fetch_add((u32 *)(r1 + 0), r2)") == [0x1_0000_21c3])
    #expect(try words("r2 = atomic_xchg((u64 *)(r1 +0), r2)") == [0xe1_0000_21db])
    #expect(try words("r0 = atomic_cmpxchg((u64 *)(r1 +0), r0, r2)") == [0xf1_0000_21db])
    #expect(try words("call pc+5") == [0x5_0000_1085])
    #expect(try words("call -1") == [0xffff_ffff_0000_0085])
    #expect(try words("ld_pseudo r1, 1, 5") == [0x5_0000_1118, 0])
    #expect(try words("r0 = *(u8 *)skb[r3 - 5]") == [0xffff_fffb_0000_3050])
    #expect(try words("r1 = var[id:7]") == [0x7_0000_3118, 0])
    #expect(try words("call kfunc[id:7, module:2]") == [0x7_0002_2085])
    #expect(try words("r1 = map[idx:0][0]-4") == [0x6118, 0xffff_fffc << 32])
  }

  @Test func helpersByName() throws {
    let assembler = Assembler(helpers: ["bpf_ktime_get_ns": 5])
    let slots = try assembler.assemble(utf8: Array("call bpf_ktime_get_ns#5".utf8)).slots
    #expect(slots.map(\.bits) == [0x5_0000_0085])
    expectFailure("call bpf_ktime_get_ns", column: 6, .unknownLabel("bpf_ktime_get_ns"))
  }

  @Test func listings() throws {
    let text = """

      f.o:\tfile format elf64-bpf

      Disassembly of section xdp:

      0000000000000000 <_ZN1a.b>:
      ; int x = 0; x = y
             0:\t85 10 00 00 01 00 00 00\tcall 0x1
             1:\t05 00 ff ff 00 00 00 00\tgoto -0x1 <_ZN1a.b+0x8>
             2:\t18 21 00 00 05 00 00 00 00 00 00 00 07 00 00 00\tld_pseudo\tr1, 0x2, 0x5
             4:\texit
      """
    // The bytes say what the text leaves out.
    #expect(
      try words(text) == [0x1_0000_1085, 0xffff_0005, 0x5_0000_2118, 0x7_0000_0000, 0x95])
    expectFailure(
      "0:\t95 00 00 00 00 00 00 00\tr0 = 1", column: 28,
      .bytesDisagree(bytes: "95 00 00 00 00 00 00 00", text: "r0 = 0x1"))
    expectFailure(
      "0:\tff 00 00 00 00 00 00 00\texit", column: 28,
      .bytesDisagree(bytes: "ff 00 00 00 00 00 00 00", text: "exit"))
  }

  // MARK: What is refused

  @Test func whatIsOutOfRangeIsRefused() {
    expectFailure("r1 = 4294967296", column: 6, .outOfRange(found: "4294967296", field: .immediate))
    expectFailure(
      "r1 += -2147483649", column: 7, .outOfRange(found: "-2147483649", field: .immediate))
    expectFailure(
      "r1 = 99999999999999999999", column: 6,
      .outOfRange(found: "99999999999999999999", field: .immediate))
    expectFailure(
      "r1 = 0x10000000000000000 ll", column: 6,
      .outOfRange(found: "0x10000000000000000", field: .wideImmediate))
    expectFailure(
      "r1 = -9223372036854775809 ll", column: 6,
      .outOfRange(found: "-9223372036854775809", field: .wideImmediate))
    expectFailure(
      "r1 = *(u8 *)(r2 + 32768)", column: 17, .outOfRange(found: "32768", field: .offset))
    expectFailure(
      "*(u8 *)(r2 - 32769) = r1", column: 12, .outOfRange(found: "-32769", field: .offset))
    expectFailure("goto +32768", column: 6, .outOfRange(found: "32768", field: .offset))
    expectFailure(
      "gotol +2147483648", column: 7, .outOfRange(found: "2147483648", field: .longDisplacement))
    expectFailure(
      "call pc+2147483648", column: 8, .outOfRange(found: "2147483648", field: .longDisplacement))
    expectFailure(
      "r1 = addr_space_cast(r2, 65536, 0)", column: 26,
      .outOfRange(found: "65536", field: .addressSpace))
    expectFailure("ld_pseudo r1, 7, 0", column: 15, .outOfRange(found: "7", field: .wideSource))
    expectFailure("ld_pseudo r1, 0, 0", column: 15, .outOfRange(found: "0", field: .wideSource))
    expectFailure(
      "r1 = map[fd:1][1]+0", column: 16, .outOfRange(found: "1", field: .valueIndex))
    let far = String(repeating: "exit\n", count: 32769)
    expectFailure(
      "goto end\n\(far)end:", column: 6,
      .labelTooFar("end", displacement: 32769, field: .offset))
  }

  @Test func whatMakesNoSenseIsRefused() {
    expectFailure("r1 = foo", column: 6, .unexpected(found: "foo", expected: .value))
    expectFailure("r1", column: 3, .unexpected(found: "", expected: .assignmentOperator))
    expectFailure(
      "r1 == 2", column: 4, .unexpected(found: "==", expected: .assignmentOperator))
    expectFailure(
      "r1 += w2", column: 7, .unexpected(found: "w2", expected: .registerOrNumber(.bits64)))
    expectFailure("r1 = w2", column: 6, .unexpected(found: "w2", expected: .register(.bits64)))
    expectFailure("r1 = -r2", column: 7, .unexpected(found: "r2", expected: .sameRegister("r1")))
    expectFailure(
      "r1 = be16 r2", column: 11, .unexpected(found: "r2", expected: .sameRegister("r1")))
    expectFailure("r12 = 1", column: 1, .unexpected(found: "r12", expected: .statement))
    expectFailure("r1 = 1 2", column: 8, .unexpected(found: "2", expected: .endOfStatement))
    expectFailure("w1 = 5 ll", column: 8, .unexpected(found: "ll", expected: .endOfStatement))
    expectFailure(
      "r1 = *(u24 *)(r2 + 0)", column: 8, .unexpected(found: "u24", expected: .integerType))
    expectFailure(
      "r1 = *(s64 *)(r2 + 0)", column: 8, .unexpected(found: "s64", expected: .integerType))
    expectFailure(
      "*(s8 *)(r2 + 0) = 1", column: 3, .unexpected(found: "s8", expected: .unsignedType))
    expectFailure(
      "r1 = *(u8 *)(r2)", column: 16, .unexpected(found: ")", expected: .symbol("+")))
    expectFailure(
      "r1 = *(u8 *)skb[5]", column: 13, .unexpected(found: "skb", expected: .symbol("(")))
    expectFailure(
      "if r1 ~ 5 goto +1", column: 7, .unexpected(found: "~", expected: .comparisonOperator))
    expectFailure(
      "if r1 > 5 go +1", column: 11, .unexpected(found: "go", expected: .word("goto")))
    expectFailure(
      "lock *(u64 *)(r1 + 0) -= r2", column: 23, .unexpected(found: "-=", expected: .atomicOperator)
    )
    expectFailure(
      "lock *(u64 *)(r1 + 0) += 2", column: 26, .unexpected(found: "2", expected: .anyRegister))
    expectFailure(
      "exit\ngoto", column: 5, line: 2, .unexpected(found: "", expected: .labelOrDisplacement))
    expectFailure("call", column: 5, .unexpected(found: "", expected: .callee))
    expectFailure("5", column: 2, .unexpected(found: "", expected: .symbol(":")))
    expectFailure("é = 1", column: 1, .unexpected(found: "é", expected: .statement))
    expectFailure("r1 = 0x", column: 6, .unexpected(found: "0x", expected: .value))
    expectFailure("r1 = 5ll", column: 6, .unexpected(found: "5ll", expected: .value))
    expectFailure("goto nowhere", column: 6, .unknownLabel("nowhere"))
    expectFailure("goto 1b; 1:", column: 6, .unknownLabel("1b"))
    expectFailure("1: goto 1f", column: 9, .unknownLabel("1f"))
    expectFailure("a:\na:", column: 1, line: 2, .duplicateLabel("a", firstLine: 1))
    expectFailure("exit\n  /* no end", column: 3, line: 2, .unterminatedComment)
  }

  @Test func whatDoesNotExistIsRefused() {
    expectFailure("w11 = 1", column: 1, .notEncodable(.stackArgumentBase(.destination)))
    expectFailure("w1 = (s32)w2", column: 1, .notEncodable(.noSuchSize(.word)))
    expectFailure(
      "lock *(u8 *)(r1 + 0) += r2", column: 1, .notEncodable(.noSuchSize(.byte)))
    expectFailure("r0 = *(u64 *)skb[5]", column: 1, .notEncodable(.noSuchSize(.double)))
    expectFailure("r1 = *(u64 *)(r11 + 4)", column: 1, .notEncodable(.stackArgumentOffset(4)))
  }
}
