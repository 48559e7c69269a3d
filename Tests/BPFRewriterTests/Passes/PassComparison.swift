import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// Passes over a program, and the program before and after them run side by side.
struct PassComparison {
  let program: Program
  let type: ProgramType

  init(_ program: Program, type: ProgramType = .schedCLS) {
    self.program = program
    self.type = type
  }

  init(_ text: String, type: ProgramType = .schedCLS) throws {
    self.init(try Program(name: "main", slots: Assembler.assemble(text)), type: type)
  }

  /// The program after passes, one after the other.
  func patched(_ passes: [any Pass]) throws -> PatchedProgram {
    var patcher = ProgramPatcher(program)
    for pass in passes { try Self.run(pass, on: &patcher) }
    return try patcher.linearize(recordsOrigins: true)
  }

  private static func run(_ pass: some Pass, on patcher: inout ProgramPatcher) throws {
    try patcher.run(pass)
  }

  /// Checks that the program does the same after passes, and that its instructions have kept their lines and functions.
  ///
  /// - Returns: the program after the passes.
  @discardableResult
  func expectSame(
    _ passes: [any Pass], packet: [UInt8] = [UInt8](repeating: 7, count: 64),
    location: SourceLocation = #_sourceLocation
  ) throws -> Program {
    let patched = try patched(passes)
    let before = try run(program, packet)
    let after = try run(patched.program, packet)
    let names = passes.map { Swift.type(of: $0).name }
    if before.fault == nil {
      #expect(
        after.fault == nil && after.returnValue == before.returnValue,
        "\(names) on \(program.name)", sourceLocation: location)
    } else {
      #expect(
        after.fault.map { "\($0.kind)" } != nil, "\(names) on \(program.name)",
        sourceLocation: location)
    }
    checkOrigins(patched, location)
    return patched.program
  }

  func run(_ program: Program, _ packet: [UInt8]) throws -> Outcome {
    let loaded = try LoadedProgram(unverified: program, type: type, maps: [])
    let frame = loaded.makeFrame()
    try frame.load(packet)
    return loaded.run(frame, budget: 1 << 28)
  }

  private func checkOrigins(_ patched: PatchedProgram, _ location: SourceLocation) {
    var wrongLines = 0
    var wrongFunctions = 0
    var last = 0
    for (slot, origin) in patched.origins.enumerated() {
      let line = patched.program.line(at: slot)
      let expected = program.line(at: origin.original)
      if line?.line != expected?.line { wrongLines += 1 }
      if patched.program.subprogram(at: slot).name
        != program.subprogram(at: origin.original).name
      {
        wrongFunctions += 1
      }
      if origin.original < last { wrongFunctions += 1 }
      last = origin.original
      if !origin.isInserted, !origin.isWidened {
        let kept = program.slots[origin.original]
        if kept.opcode != patched.program.slots[slot].opcode { wrongLines += 1 }
      }
    }
    #expect(wrongLines == 0, "lines of \(program.name)", sourceLocation: location)
    #expect(wrongFunctions == 0, "functions of \(program.name)", sourceLocation: location)
    #expect(patched.origins.count == patched.program.slots.count, sourceLocation: location)
  }
}
