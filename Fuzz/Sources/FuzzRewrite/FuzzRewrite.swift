import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime

/// The first byte chooses passes, the rest is assembler text. The program may be refused; one that is rewritten, and did
/// not fault before, gives the same afterwards.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let assembled = try? Assembler().assemble(utf8: Array(bytes.dropFirst())),
    !assembled.slots.isEmpty,
    let program = try? Program(name: "fuzz", slots: assembled.slots),
    let rewritten = try? rewrite(program, choice: bytes.first ?? 0)
  else { return 0 }
  guard (try? Program(name: "fuzz", slots: rewritten.slots)) != nil else {
    preconditionFailure("what the patcher writes can be decoded")
  }
  guard isComparable(program), let before = run(program, budget: 1 << 12), before.fault == nil,
    let after = run(rewritten, budget: 1 << 18)
  else { return 0 }
  precondition(
    after.fault == nil && after.returnValue == before.returnValue, "passes change nothing")
  return 0
}

private func rewrite(_ program: Program, choice: UInt8) throws(PatchError) -> Program {
  var patcher = ProgramPatcher(program)
  if choice & 1 != 0 { try patcher.run(UnreachableCodeRemoval()) }
  if choice & 2 != 0 { try patcher.run(EmptyJumpRemoval()) }
  if choice & 4 != 0 { try patcher.run(PacketLoadLowering(for: .schedCLS)) }
  if choice & 8 != 0 { try patcher.run(DivisionGuards()) }
  if choice & 16 != 0 { try patcher.run(MayGotoLowering()) }
  if choice & 32 != 0 { try patcher.run(ConstantBlinding(using: Keys(state: UInt64(choice)))) }
  return try patcher.linearize(recordsOrigins: choice & 64 != 0).program
}

/// Whether a program keeps to what passes count on a verifier for: no addresses but `r10` and constants, and no calls.
private func isComparable(_ program: Program) -> Bool {
  var slot = 0
  while slot < program.slots.count {
    let instruction = program.instruction(at: slot)
    switch instruction {
    case .load(_, _, _, let base, _), .loadAcquire(_, _, let base, _), .store(_, let base, _, _),
      .atomic(_, _, let base, _, _), .storeRelease(_, let base, _, _):
      if base != .r10 { return false }
    case .call, .loadPacket, .loadWide(_, .function): return false
    case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .loadWide, .jump,
      .jumpLong, .jumpIndirect, .jumpIf, .mayGoto, .exit:
      break
    }
    slot += instruction.slotCount
  }
  return true
}

private func run(_ program: Program, budget: Int) -> Outcome? {
  guard let loaded = try? LoadedProgram(unverified: program, type: .raw, maps: []) else {
    return nil
  }
  return loaded.run(loaded.makeFrame(), budget: budget)
}

/// The same keys for the same input.
private struct Keys: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}
