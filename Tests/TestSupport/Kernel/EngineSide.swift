import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime

/// One program with its maps in the checked interpreter.
final class EngineSide {
  private let main: ComparedProgram
  private let program: LoadedProgram
  private let frame: ExecutionFrame
  private let maps: [String: Map]

  /// - Parameter prepare: tells the frame what a test run of the kernel has by itself.
  init(
    _ main: ComparedProgram, _ tailCalled: [ComparedProgram],
    prepare: (ExecutionFrame) -> Void = { _ in }
  ) throws {
    self.main = main
    var maps: [String: Map] = [:]
    let specs = ([main] + tailCalled).flatMap(\.maps)
    for spec in specs where maps[spec.name] == nil { maps[spec.name] = try Map(spec) }
    func load(_ compared: ComparedProgram) throws -> LoadedProgram {
      try LoadedProgram(
        unverified: compared.program, type: compared.type,
        maps: compared.maps.compactMap { maps[$0.name] })
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
    frame = program.makeFrame()
    prepare(frame)
  }

  func run(_ packet: [UInt8], context fields: [String: UInt64]) throws -> ComparedRun {
    for (name, value) in fields { try frame.setContext(name, to: value) }
    unsafe try frame.load(packet.span.bytes)
    let outcome = program.run(frame)
    var run = ComparedRun(
      returnValue: UInt32(truncatingIfNeeded: outcome.returnValue),
      packet: frame.packet.metadata + frame.packet.bytes, context: [:],
      fault: outcome.fault)
    if frame.layout?.name == "__sk_buff" {
      for name in ComparedRun.socketBufferFields { run.context[name] = try frame.context(name) }
    }
    return run
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
