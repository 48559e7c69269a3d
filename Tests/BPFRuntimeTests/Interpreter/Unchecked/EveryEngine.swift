import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import TestSupport
import Testing

/// A program on both interpreters and compiled, each with maps and a frame of its own.
///
/// The text must be one that all run: it may not access a context, whose fields lie elsewhere in the runtime's structure.
struct EveryEngine {
  /// One engine's side.
  struct Side {
    let program: LoadedProgram
    let frame: ExecutionFrame
    let maps: [Map]
  }

  let checked: Side
  let unchecked: Side
  let compiled: Side

  init(_ program: Program, type: ProgramType = .raw, maps specs: [MapSpec] = []) throws {
    func maps() throws -> [Map] { try specs.map { spec throws in try Map(spec) } }
    let (checkedMaps, uncheckedMaps, compiledMaps) = (try maps(), try maps(), try maps())
    let reference = try LoadedProgram(unverified: program, type: type, maps: checkedMaps)
    let bound = unsafe try LoadedProgram(unchecked: program, type: type, maps: uncheckedMaps)
    checked = Side(program: reference, frame: reference.makeFrame(), maps: checkedMaps)
    unchecked = Side(program: bound, frame: bound.makeFrame(), maps: uncheckedMaps)
    let native = unsafe try LoadedProgram(
      unchecked: program, type: type, maps: compiledMaps, engine: .jit)
    #expect(native.engine == .jit && bound.engine == .interpreter)
    compiled = Side(program: native, frame: native.makeFrame(), maps: compiledMaps)
  }

  init(_ text: String, type: ProgramType = .raw, maps specs: [MapSpec] = []) throws {
    try self.init(
      Program(name: "both", slots: Assembler.assemble(text), mapNames: specs.map(\.name)),
      type: type, maps: specs)
  }

  /// Runs all on a packet, and expects that they did the same; what the checked interpreter gave.
  @discardableResult
  func expectSame(
    on input: [UInt8] = [UInt8](repeating: 0, count: 64), _ comment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    try checked.frame.load(input)
    let expected = checked.program.run(checked.frame)
    // What faults here may do anything there.
    try #require(expected.fault == nil, "\(comment)", sourceLocation: sourceLocation)
    for side in [unchecked, compiled] {
      let comment = Comment("\(comment) \(side.program.engine)")
      try side.frame.load(input)
      let found = side.program.run(side.frame)
      #expect(found.fault == nil, comment, sourceLocation: sourceLocation)
      #expect(found.instructions == nil, sourceLocation: sourceLocation)
      #expect(found.returnValue == expected.returnValue, comment, sourceLocation: sourceLocation)
      #expect(found.redirect == expected.redirect, comment, sourceLocation: sourceLocation)
      #expect(found.traceLines == expected.traceLines, comment, sourceLocation: sourceLocation)
      #expect(
        side.frame.packet.bytes == checked.frame.packet.bytes, comment,
        sourceLocation: sourceLocation)
      for (one, other) in zip(checked.maps, side.maps) {
        guard let entries = Self.entries(one) else { continue }
        #expect(Self.entries(other) == entries, comment, sourceLocation: sourceLocation)
      }
    }
    return expected
  }

  private static func entries(_ map: Map) -> [[UInt8]: [UInt8]]? {
    do {
      return Dictionary(uniqueKeysWithValues: try map.entries().map { ($0.key, $0.value) })
    } catch {
      // A kind that lists nothing.
      return nil
    }
  }
}
