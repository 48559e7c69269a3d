import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import BPFVerifier

/// The first byte chooses the program's type, what it is trusted with, and whether assembler text or slots follow. The
/// program may be refused; one that is accepted does nothing that it may not.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let choice = bytes.first, let slots = slots(choice, Array(bytes.dropFirst())),
    let program = try? Program(name: "fuzz", slots: slots, mapNames: maps.map(\.name))
  else { return 0 }
  let type = types[Int(choice & 7) % types.count]
  var verifier = Verifier(for: type)
  verifier.options.isPrivileged = choice & 8 == 0
  verifier.options.allowsUnreachableCode = choice & 0x20 != 0
  verifier.limits.processedInstructions = 4_000
  verifier.limits.memory = 1 << 24
  guard (try? verifier.verify(program, maps: maps)) != nil else { return 0 }
  guard let live = try? maps.map({ try Map($0) }),
    let loaded = try? LoadedProgram(unverified: program, type: type, maps: live)
  else { preconditionFailure("what is accepted can be loaded") }
  let frame = loaded.makeFrame()
  guard (try? frame.load((0..<60).map { UInt8($0) })) != nil else {
    preconditionFailure("a small packet fits")
  }
  if let fault = loaded.run(frame, budget: 1 << 16).fault {
    precondition(
      isAllowed(fault.kind, isPrivileged: verifier.options.isPrivileged), "\(fault.kind)")
  }
  return 0
}

private let types: [ProgramType] = [.xdp, .schedCLS, .socketFilter, .raw, .cgroupSKB]

private let maps: [MapSpec] = [
  MapSpec(name: "values", kind: .array, keySize: 4, valueSize: 48, maxEntries: 4),
  MapSpec(name: "table", kind: .hash, keySize: 8, valueSize: 16, maxEntries: 8),
  MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
  MapSpec(
    name: "constants", kind: .array, keySize: 4, valueSize: 16, maxEntries: 1,
    flags: .readOnlyForPrograms,
    contents: [
      .init(key: [0, 0, 0, 0], value: .bytes([UInt8](repeating: 65, count: 15) + [0]))
    ],
    isFrozen: true),
  MapSpec(name: "global", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1),
]

private func slots(_ choice: UInt8, _ bytes: [UInt8]) -> [RawInstruction]? {
  if choice & 0x40 == 0 { return try? Assembler().assemble(utf8: bytes).slots }
  return stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
    RawInstruction(
      bits: (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) })
  }
}

/// Whether a fault is no harm: of stack that was never written, and of what the interpreter does not have or counts.
private func isAllowed(_ kind: Fault.Kind, isPrivileged: Bool) -> Bool {
  switch kind {
  case .uninitializedStack: isPrivileged
  case .invalidMemoryArgument(_, _, let kind): isAllowed(kind, isPrivileged: isPrivileged)
  case .budgetExhausted, .unsupportedHelper, .tooManyRecords: true
  case _: false
  }
}
