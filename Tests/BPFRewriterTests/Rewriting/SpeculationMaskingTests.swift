import BPFISA
import BPFPlatform
import BPFRewriter
import BPFVerifier
import Testing

/// What masks and barriers are put into programs.
struct SpeculationMaskingTests {
  private static let values = MapSpec(
    name: "values", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1)

  private func rewritten(
    _ text: String, _ type: ProgramType = .xdp, map: MapSpec = Self.values, tracks: Bool = true
  ) throws -> RewrittenProgram {
    let program = try Program(
      name: "program", slots: Assembler.assemble(text), mapNames: [map.name])
    var verifier = Verifier(for: type)
    verifier.options.tracksSpeculation = tracks
    var options = RewriteOptions()
    options.masksSpeculation = true
    return try Rewriter(options).rewrite(verifier.verify(program, maps: [map]))
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

  /// Loads a number into r2 and the address of a value's byte 8 into r3, limits the number, moves the address, and loads.
  private static func move(_ limit: String, _ step: String, converted: Bool = false) -> String {
    """
    r2 = *(u32 *)(r1 + \(converted ? 76 : 12))
    r3 = map[idx:0][0]+8
    \(limit)
    \(step)
    r0 = *(u8 *)(r3 + 0)
    exit
    """
  }

  private func expect(
    _ step: String, limit: String, becomes code: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expect(
      rewritten(Self.move(limit, step)), is: Self.move(limit, code, converted: true),
      sourceLocation: sourceLocation)
  }

  @Test func `numbers that pointers are moved by are masked`() throws {
    try expect(
      "r3 += r2", limit: "r2 &= 7",
      becomes: """
        r5 = 7
        r5 -= r2
        r5 |= r2
        r5 = -r5
        r5 s>>= 63
        r5 &= r2
        r3 += r5
        """)
    try expect(
      "r3 -= r2", limit: "r2 &= 7",
      becomes: """
        r5 = 7
        r5 -= r2
        r5 |= r2
        r5 = -r5
        r5 s>>= 63
        r5 &= r2
        r3 -= r5
        """)
    try expect(
      "r3 += r2", limit: "r2 |= -8",
      becomes: """
        r2 = -r2
        r5 = 8
        r5 -= r2
        r5 |= r2
        r5 = -r5
        r5 s>>= 63
        r5 &= r2
        r3 -= r5
        r2 = -r2
        """)
    try expect("r3 += r2", limit: "r2 = -3", becomes: "r3 += -3")
  }

  @Test func `a number in the destination is masked`() throws {
    try expect(
      """
      r2 += r3
      r3 = r2
      """, limit: "r2 &= 7",
      becomes: """
        r5 = 7
        r5 -= r2
        r5 |= r2
        r5 = -r5
        r5 s>>= 63
        r5 &= r2
        r2 = r3
        r2 += r5
        r3 = r2
        """)
    try expect(
      """
      r2 += r3
      r3 = r2
      """, limit: "r2 |= -8",
      becomes: """
        r2 = -r2
        r5 = 8
        r5 -= r2
        r5 |= r2
        r5 = -r5
        r5 s>>= 63
        r5 &= r2
        r2 = r3
        r2 -= r5
        r3 = r2
        """)
  }

  @Test func `a barrier takes the place of a mask where every register is in use`() throws {
    let all = "0 4 5 6 7 8 9".split(separator: " ")
    let set = all.map { "r\($0) = \($0)" }.joined(separator: "\n")
    let use = all.dropFirst().map { "r0 += r\($0)" }.joined(separator: "\n")
    func text(_ step: String, _ offset: Int) -> String {
      """
      r2 = *(u32 *)(r1 + \(offset))
      r3 = map[idx:0][0]+8
      r2 &= 7
      r1 = 1
      \(set)
      \(step)
      r3 = *(u8 *)(r3 + 0)
      r0 += r1
      \(use)
      r0 += r2
      r0 += r3
      exit
      """
    }
    try expect(
      rewritten(text("r3 += r2", 12)),
      is: text(
        """
        call 0x10004
        r3 += r2
        """, 76))
  }

  /// Branches to what needs a barrier run it; those to what follows a store do not.
  @Test func `barriers come before instructions and after stores`() throws {
    try expect(
      rewritten(
        """
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r0 = 2
        r4 = r2
        r4 += 14
        if r4 <= r3 goto load
        *(u64 *)(r10 - 8) = 1
        exit
        load:
        r0 = *(u8 *)(r2 + 13)
        exit
        """),
      is: """
        r2 = *(u64 *)(r1 + 0)
        r3 = *(u64 *)(r1 + 8)
        r0 = 2
        r4 = r2
        r4 += 14
        if r4 <= r3 goto load
        *(u64 *)(r10 - 8) = 1
        call 0x10004
        exit
        load:
        call 0x10004
        r0 = *(u8 *)(r2 + 13)
        exit
        """)
  }

  /// What an instruction becomes comes after its barrier, and the barrier of one that goes is the next one's.
  @Test func `barriers come before what other passes put in`() throws {
    try expect(
      rewritten(
        """
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 14
        r0 = 2
        if r4 > r3 goto end
        if r0 != 2 goto end
        r0 = *(u32 *)(r1 + 12)
        end:
        exit
        """),
      is: """
        r2 = *(u64 *)(r1 + 0)
        r3 = *(u64 *)(r1 + 8)
        r4 = r2
        r4 += 14
        r0 = 2
        if r4 > r3 goto end
        call 0x10004
        r0 = *(u32 *)(r1 + 76)
        end:
        exit
        """)
  }

  @Test func `keys of lookups are masked`() throws {
    let map = MapSpec(name: "map", kind: .array, keySize: 4, valueSize: 8, maxEntries: 6)
    let lookup = """
      w0 = *(u32 *)(r1 + 12)
      *(u32 *)(r10 - 4) = r0
      r2 = r10
      r2 += -4
      r1 = map[idx:0]
      call 1
      if r0 == 0 goto +1
      r0 = *(u32 *)(r0 + 0)
      exit
      """
    try expect(
      rewritten(lookup, map: map),
      is: lookup.replacing("(r1 + 12)", with: "(r1 + 76)")
        .replacing("= r0\nr2", with: "= r0\ncall 0x10004\nr2")
        .replacing(
          "call 1\n",
          with: """
            w0 = *(u32 *)(r2 + 0)
            if w0 >= 6 goto +12
            r1 = 5
            r1 -= r0
            r1 |= r0
            r1 = -r1
            r1 s>>= 63
            r1 &= r0
            r0 = r1
            r0 <<= 3
            r1 = map[idx:0][0]+0
            r0 += r1
            goto +1
            r0 = 0

            """))
  }

  @Test func `packet loads that compare have a barrier`() throws {
    let after = try rewritten(
      """
      r6 = r1
      r0 = *(u32 *)skb[12]
      exit
      """, .schedCLS)
    let listing = Disassembler().text(of: after.program).split(separator: "\n")
    let load = try #require(listing.firstIndex { $0.contains("*(u32 *)(r1 + 0xc)") })
    #expect(listing[load - 1].contains("call 0x10004"))
    #expect(listing.count { $0.contains("call 0x10004") } == 1)
  }

  @Test func `loops keep addresses with barriers`() throws {
    let after = try rewritten(
      """
      r1 = 4
      r2 = subprog[round]
      r3 = 0
      r4 = 0
      call 181
      r0 = 2
      exit
      round:
      r0 = 0
      exit
      """)
    let listing = Disassembler().text(of: after.program).split(separator: "\n")
    let stores = listing.indices.filter { listing[$0].contains(/\*\(u64 \*\)\(r10 - 0x2..\) =/) }
    #expect(stores.count == 3)
    for store in stores { #expect(listing[store + 1].contains("call 0x10004")) }
  }

  @Test func `facts of another kind are refused`() throws {
    let error = #expect(throws: RewriteError.self) {
      try rewritten(Self.move("r2 &= 7", "r3 += r2"), tracks: false)
    }
    #expect(error?.reason == .speculationNotTracked)
  }
}
