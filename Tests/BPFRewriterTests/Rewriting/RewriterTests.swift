import BPFISA
import BPFPlatform
import BPFRewriter
import BPFVerifier
import Testing

/// What each pass that builds on facts makes of a few instructions.
struct RewriterTests {
  private func rewritten(
    _ text: String, _ type: ProgramType = .xdp, maps: [MapSpec] = [],
    options: RewriteOptions = RewriteOptions(), allowsUnreachable: Bool = false
  ) throws -> RewrittenProgram {
    let program = try Program(
      name: "program", slots: Assembler.assemble(text), mapNames: maps.map(\.name))
    var verifier = Verifier(for: type)
    verifier.options.allowsUnreachableCode = allowsUnreachable
    return try Rewriter(options).rewrite(verifier.verify(program, maps: maps))
  }

  private func expect(
    _ rewritten: RewrittenProgram, is text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let slots = rewritten.program.slots
    #expect(
      try slots == Assembler.assemble(text),
      "\(Disassembler().text(of: rewritten.program))", sourceLocation: sourceLocation
    )
  }

  @Test func `a packet's bounds become addresses`() throws {
    let after = try rewritten(
      """
      w0 = *(u32 *)(r1 + 12)
      w2 = *(u32 *)(r1 + 0)
      w3 = *(u32 *)(r1 + 4)
      r0 = 2
      exit
      """)
    try expect(
      after,
      is: """
        w0 = *(u32 *)(r1 + 76)
        r2 = *(u64 *)(r1 + 0)
        r3 = *(u64 *)(r1 + 8)
        r0 = 2
        exit
        """)
    #expect(after.facts(at: 3)?.isReached == true)
    #expect(after.facts(at: 0) == nil)
  }

  /// `queue_mapping` and `tc_index` have 16 bits.
  @Test func `short fields keep what they hold`() throws {
    try expect(
      rewritten(
        """
        r2 = 70000
        *(u32 *)(r1 + 12) = r2
        *(u32 *)(r1 + 44) = r2
        *(u32 *)(r1 + 44) = 70001
        *(u32 *)(r1 + 12) = 65535
        *(u32 *)(r1 + 12) = 7
        w0 = *(u8 *)(r1 + 47)
        w0 = *(u16 *)(r1 + 46)
        r0 = 0
        exit
        """, .schedCLS),
      is: """
        r2 = 70000
        if w2 >= 65535 goto +1
        *(u16 *)(r1 + 76) = r2
        *(u16 *)(r1 + 108) = r2
        *(u16 *)(r1 + 108) = 4465
        *(u16 *)(r1 + 76) = 7
        w0 = *(u8 *)(r1 + 111)
        w0 = *(u16 *)(r1 + 108)
        r0 = 0
        exit
        """)
  }

  // MARK: Lookups

  private static let lookup = """
    w0 = *(u32 *)(r1 + 12)
    *(u32 *)(r10 - 8) = r0
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -8
    r1 = map[idx:0]
    call 1
    if r0 == 0 goto +1
    r0 = *(u32 *)(r0 + 0)
    exit
    """

  /// The lookup with what takes the place of the call.
  private static func lookup(with code: String) -> String {
    lookup.replacing("(r1 + 12)", with: "(r1 + 76)")
      .replacing("call 1", with: code)
  }

  private static func map(_ kind: MapKind, keySize: Int = 4, valueSize: Int, count: Int) -> MapSpec
  {
    MapSpec(
      name: "map", kind: kind, keySize: keySize, valueSize: valueSize, maxEntries: count,
      flags: kind == .lpmTrie ? .noPreallocation : [])
  }

  @Test func `a lookup in an array is an address`() throws {
    try expect(
      rewritten(Self.lookup, maps: [Self.map(.array, valueSize: 13, count: 6)]),
      is: Self.lookup(
        with: """
          w0 = *(u32 *)(r2 + 0)
          if w0 >= 6 goto +5
          r0 <<= 4
          r1 = map[idx:0][0]+0
          r0 += r1
          goto +1
          r0 = 0
          """))
  }

  @Test func `a lookup in a per-CPU array adds the worker's part`() throws {
    try expect(
      rewritten(Self.lookup, maps: [Self.map(.perCPUArray, valueSize: 20, count: 6)]),
      is: Self.lookup(
        with: """
          w0 = *(u32 *)(r2 + 0)
          if w0 >= 6 goto +10
          r0 *= 24
          r1 = map[idx:0][0]+0
          r0 += r1
          r1 = r10
          r1 &= -262144
          r1 = *(u64 *)(r1 + 0)
          r1 *= 192
          r0 += r1
          goto +1
          r0 = 0
          """))
  }

  @Test(arguments: [
    (MapKind.hash, HelperID.hashMapLookup), (.lruHash, .hashMapLookup),
    (.perCPUHash, .hashMapLookup), (.lruPerCPUHash, .hashMapLookup), (.lpmTrie, .prefixMapLookup),
  ])
  func `a lookup by hash or prefix goes straight to the table`(
    kind: MapKind, function: HelperID
  ) throws {
    try expect(
      rewritten(Self.lookup, maps: [Self.map(kind, keySize: 8, valueSize: 8, count: 16)]),
      is: Self.lookup(with: "call \(function.rawValue)"))
  }

  /// The element is known to be there, so that the comparison goes as well; one beyond the end is not.
  @Test func `a key that is known is a place, or nothing`() throws {
    func text(_ key: Int) -> String {
      """
      *(u32 *)(r10 - 8) = \(key)
      r2 = r10
      r2 += -8
      r1 = map[idx:0]
      call 1
      if r0 == 0 goto +1
      r0 = *(u32 *)(r0 + 0)
      exit
      """
    }
    let map = Self.map(.array, valueSize: 16, count: 6)
    try expect(
      rewritten(text(5), maps: [map]),
      is: """
        *(u32 *)(r10 - 8) = 5
        r2 = r10
        r2 += -8
        r1 = map[idx:0]
        r0 = map[idx:0][0]+80
        r0 = *(u32 *)(r0 + 0)
        exit
        """)
    try expect(
      rewritten(text(6), maps: [map]),
      is: text(6).replacing("call 1", with: "r0 = 0"))
  }

  // MARK: Control

  @Test func `what no path comes to goes, and jumps that go one way`() throws {
    try expect(
      rewritten(
        """
        r6 = 1
        r7 = *(u32 *)(r1 + 12)
        if r6 == 1 goto there
        r0 = 7
        exit
        there:
        if r6 != 1 goto never
        if r7 == 3 goto last
        r0 = 1
        exit
        never:
        r0 = 9
        last:
        r0 = 2
        exit
        """),
      is: """
        r6 = 1
        r7 = *(u32 *)(r1 + 76)
        if r7 == 3 goto +2
        r0 = 1
        exit
        r0 = 2
        exit
        """)
  }

  /// Also those that come to do so as what they lead over goes, and conditional ones.
  @Test func `jumps that lead over nothing go`() throws {
    try expect(
      rewritten(
        """
        r6 = *(u32 *)(r1 + 12)
        r7 = 1
        goto +0
        if r6 == 4 goto there
        goto there
        r0 = 5
        exit
        there:
        if r7 == 1 goto back
        r0 = 3
        exit
        back:
        r0 = 2
        exit
        """, allowsUnreachable: true),
      is: """
        r6 = *(u32 *)(r1 + 76)
        r7 = 1
        r0 = 2
        exit
        """)
  }

  /// The address of a function is taken, which calls another: both stay, though nothing runs them.
  @Test func `functions whose addresses are taken stay`() throws {
    let text = """
      r2 = subprog[first]
      r0 = 1
      exit
      first:
      call second
      exit
      second:
      r0 = 0
      exit
      """
    try expect(rewritten(text), is: text)
  }

  @Test func `a loop calls its callback`() throws {
    let text = """
      r1 = *(u32 *)(r1 + 12)
      r2 = subprog[step]
      r3 = r10
      r3 += -8
      r4 = 0
      *(u64 *)(r10 - 8) = 0
      call 181
      r0 = 2
      exit
      step:
      r0 = 0
      exit
      """
    try expect(
      rewritten(text),
      is: text.replacing("(r1 + 12)", with: "(r1 + 76)").replacing(
        "call 181",
        with: """
          if w1 > 8388608 goto refused
          *(u64 *)(r10 - 544) = r6
          *(u64 *)(r10 - 552) = r7
          *(u64 *)(r10 - 560) = r8
          w6 = w1
          r7 = 0
          r8 = r3
          head:
          if r7 >= r6 goto done
          r1 = r7
          r2 = r8
          call step
          r7 += 1
          if r0 == 0 goto head
          done:
          r0 = r7
          r6 = *(u64 *)(r10 - 544)
          r7 = *(u64 *)(r10 - 552)
          r8 = *(u64 *)(r10 - 560)
          goto end
          refused:
          r0 = -7
          end:
          """))
    // The helper refuses flags.
    let flagged = text.replacing("r4 = 0", with: "r4 = 1")
    try expect(
      rewritten(flagged), is: flagged.replacing("(r1 + 12)", with: "(r1 + 76)"))
  }

  @Test func `masks and extensions come when asked for`() throws {
    var options = RewriteOptions()
    options.masksTailCalls = true
    options.extendsZero = true
    let array = MapSpec(name: "jumps", kind: .programArray, keySize: 4, valueSize: 4, maxEntries: 5)
    try expect(
      rewritten(
        """
        w3 = *(u32 *)(r1 + 12)
        r2 = map[idx:0]
        call 12
        w0 = 2
        exit
        """, maps: [array], options: options),
      is: """
        w3 = *(u32 *)(r1 + 76)
        w3 = w3
        r2 = map[idx:0]
        if w3 >= 5 goto +9
        w3 = w3
        r4 = 4
        r4 -= r3
        r4 |= r3
        r4 = -r4
        r4 s>>= 63
        r4 &= r3
        r3 = r4
        call 12
        w0 = 2
        w0 = w0
        exit
        """)
  }
}
