import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import BPFVerifier

/// One program with its maps, run here: as it is with every access checked, or verified and rewritten with none.
final class EngineSide {
  private let main: ComparedProgram
  private let program: LoadedProgram
  private let frame: ExecutionFrame
  private let maps: [String: Map]

  /// - Parameters:
  ///   - fill: puts something into the maps.
  ///   - prepare: tells the frame what a test run of the kernel has by itself.
  /// - Throws: ``Rejection`` for a program that is to be verified and is not accepted.
  init(
    _ main: ComparedProgram, _ tailCalled: [ComparedProgram], execution: Engine.Execution,
    fill: ([Map]) throws -> Void = { _ in }, prepare: (ExecutionFrame) -> Void = { _ in }
  ) throws {
    self.main = main
    var maps: [String: Map] = [:]
    let specs = ([main] + tailCalled).flatMap(\.maps)
    for spec in specs where maps[spec.name] == nil { maps[spec.name] = try Map(spec) }
    func load(_ compared: ComparedProgram) throws -> LoadedProgram {
      let needed = compared.maps.compactMap { maps[$0.name] }
      guard execution != .checked else {
        return try LoadedProgram(unverified: compared.program, type: compared.type, maps: needed)
      }
      return try LoadedProgram(
        Rewriter(compared.rewriting).rewrite(
          compared.verifier.verify(compared.program, maps: needed.map(\.spec))), maps: needed,
        compilation: execution == .compiled ? Compilation() : .disabled)
    }
    program = try load(main)
    let others = try tailCalled.map(load)
    for map in maps.values {
      for entry in map.spec.contents {
        guard case .program(let name) = entry.value else { continue }
        guard let target = (others + [program]).first(where: { $0.name == name }) else {
          throw ComparisonError.unknownEntry(map: map.spec.name)
        }
        let index = entry.key.enumerated().reduce(UInt32(0)) {
          $0 | UInt32($1.element) << (8 * UInt32($1.offset))
        }
        try map.setProgram(target, at: index)
      }
    }
    self.maps = maps
    try fill(maps.values.sorted { $0.spec.name < $1.spec.name })
    frame = program.makeFrame()
    prepare(frame)
  }

  /// What runs the program.
  var name: String { program.engine.rawValue }

  func run(
    _ packet: [UInt8], context fields: [String: UInt64], budget: Int? = nil
  ) throws -> ComparedRun {
    for (name, value) in fields { try frame.setContext(name, to: value) }
    unsafe try frame.load(packet.span.bytes)
    let outcome = program.run(frame, budget: budget)
    var run = ComparedRun(
      returnValue: UInt32(truncatingIfNeeded: outcome.returnValue), wholeValue: outcome.returnValue,
      packet: frame.packet.metadata + frame.packet.bytes, context: [:],
      effects: Self.effects(of: outcome), fault: outcome.fault)
    if frame.layout?.name == "__sk_buff" {
      for name in ComparedRun.socketBufferFields { run.context[name] = try frame.context(name) }
    }
    return run
  }

  /// What a run did to the outside, as text.
  private static func effects(of outcome: Outcome) -> [String] {
    var effects = outcome.traceLines.map { "trace: \($0)" }
    if let redirect = outcome.redirect { effects.append("\(redirect)") }
    return effects + outcome.clones.map { "\($0)" }
  }

  /// What the maps hold that can be listed, and what they were sent, as text by the map's name.
  func mapContents() throws -> [String: [String]] {
    var contents: [String: [String]] = [:]
    for (name, map) in maps {
      switch map.spec.kind {
      case .ringBuffer: contents[name] = map.takeRecords().map { "\($0)" }
      case .perfEventArray: contents[name] = map.takeEvents().map { "\($0)" }
      case .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lruPerCPUHash, .lpmTrie:
        contents[name] = try map.entries().map { "\($0.key): \($0.value)" }.sorted()
      case _: break
      }
    }
    return contents
  }

  /// Compares what maps hold, where both sides can list it.
  func mapDifferences(from kernel: KernelSide) throws -> [String] {
    var differences: [String] = []
    for (name, map) in maps.sorted(by: { $0.key < $1.key }) where map.spec.kind == .ringBuffer {
      guard let other = kernel.maps[name] else { continue }
      let (expected, found) = (try other.takeRecords(), map.takeRecords())
      if found != expected {
        differences.append("ring \(name): the kernel has \(expected), here it is \(found)")
      }
    }
    for (name, map) in maps.sorted(by: { $0.key < $1.key }) where map.isListed {
      guard let other = kernel.maps[name] else { continue }
      // Of a per-CPU value, only the first slot is used on either side.
      let size = map.isPerCPU ? (map.spec.valueSize + 7) / 8 * 8 : map.spec.valueSize
      let found = Dictionary(
        uniqueKeysWithValues: try map.entries().map { ($0.key, Array($0.value.prefix(size))) })
      let expected = Dictionary(
        uniqueKeysWithValues: try other.entries().map { ($0.key, Array($0.value.prefix(size))) })
      for key in Set(found.keys).union(expected.keys) where found[key] != expected[key] {
        let values = [expected[key], found[key]].map { $0.map { "\($0)" } ?? "nothing" }
        differences.append(
          "map \(name), key \(key): the kernel has \(values[0]), here it is \(values[1])")
      }
    }
    return differences
  }
}

extension Map {
  /// Whether both sides list the map's values.
  fileprivate var isListed: Bool {
    [.hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lpmTrie].contains(spec.kind)
  }

  fileprivate var isPerCPU: Bool { [.perCPUArray, .perCPUHash].contains(spec.kind) }
}
