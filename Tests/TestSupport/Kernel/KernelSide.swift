import BPFPlatform
import BPFRuntime

/// One program with its maps in the kernel.
final class KernelSide {
  private let main: ComparedProgram
  private let program: KernelProgram
  private(set) var maps: [String: KernelMap] = [:]
  /// Programs that only program arrays refer to.
  private var others: [KernelProgram] = []

  /// - Parameter isFull: whether ``MapFill`` puts something into the maps.
  init(
    _ main: ComparedProgram, _ tailCalled: [ComparedProgram], isFull: Bool = false
  ) throws {
    self.main = main
    var maps: [String: KernelMap] = [:]
    let specs = ([main] + tailCalled).flatMap(\.maps)
    for spec in specs where maps[spec.name] == nil { maps[spec.name] = try KernelMap(spec) }
    for map in maps.values {
      for entry in map.spec.contents {
        guard case .bytes(let value) = entry.value else { continue }
        try map.set(entry.key, map.isPerCPU ? Self.everySlot(value, of: map.spec) : value)
      }
      if map.spec.isFrozen { try map.freeze() }
    }
    func load(_ compared: ComparedProgram) throws -> KernelProgram {
      try KernelProgram(
        compared.program, type: compared.type, attachType: compared.attachType,
        license: compared.license, maps: compared.maps.compactMap { maps[$0.name] })
    }
    program = try load(main)
    others = try tailCalled.map(load)
    let programs = Dictionary(
      uniqueKeysWithValues: (others + [program]).map { ($0.name, $0.descriptor.number) })
    for map in maps.values {
      for entry in map.spec.contents {
        let descriptor: Int32?
        switch entry.value {
        case .bytes: continue
        case .program(let name): descriptor = programs[name]
        case .map(let name): descriptor = maps[name]?.descriptor.number
        }
        guard let descriptor else { throw ComparisonError.unknownEntry(map: map.spec.name) }
        try map.set(
          entry.key, (0..<4).map { UInt8(truncatingIfNeeded: descriptor >> (8 * $0)) })
      }
    }
    self.maps = maps
    for map in maps.values where isFull {
      for (key, value) in MapFill.entries(for: map.spec) {
        try map.set(key, map.isPerCPU ? Self.everySlot(value, of: map.spec) : value)
      }
    }
  }

  /// A value for every processor's slot.
  private static func everySlot(_ value: [UInt8], of spec: MapSpec) -> [UInt8] {
    let padded = value + [UInt8](repeating: 0, count: (8 - spec.valueSize % 8) % 8)
    return [[UInt8]](repeating: padded, count: KernelOracle.possibleProcessors).flatMap { $0 }
  }

  func run(
    _ packet: [UInt8], context fields: [String: UInt64], flags: UInt32 = 0
  ) throws -> ComparedRun {
    let layout = ContextLayout(for: main.type)
    let isSocketBuffer = layout?.name == "__sk_buff"
    var context: [UInt8] = []
    if let layout, isSocketBuffer || !fields.isEmpty {
      context = [UInt8](repeating: 0, count: layout.size)
      for (name, value) in fields { Self.set(name, to: value, in: &context, layout) }
      if !isSocketBuffer {
        Self.set("data_end", to: UInt64(packet.count), in: &context, layout)
      }
    }
    let run = try program.run(packet, context: context, flags: flags)
    var result = ComparedRun(returnValue: run.returnValue, packet: run.data, context: [:])
    // The kernel gives back zeroes for the Ethernet header that such a program does not see.
    if isSocketBuffer && main.type != .schedCLS && main.type != .schedACT {
      result.packet.removeFirst(14)
    }
    if let layout, isSocketBuffer {
      for name in ComparedRun.socketBufferFields {
        result.context[name] = Self.value(of: name, in: run.context, layout)
      }
    }
    return result
  }

  private static func place(
    _ name: String, _ layout: ContextLayout
  ) -> (offset: Int, size: Int)? {
    let parts = name.split { $0 == "[" || $0 == "]" }
    guard let field = layout.field(named: String(parts[0])) else { return nil }
    guard parts.count > 1, let index = Int(parts[1]) else { return (field.offset, field.size) }
    return (field.offset + 4 * index, 4)
  }

  private static func set(
    _ name: String, to value: UInt64, in bytes: inout [UInt8], _ layout: ContextLayout
  ) {
    guard let (offset, size) = place(name, layout) else { return }
    for index in 0..<size {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }

  private static func value(
    of name: String, in bytes: [UInt8], _ layout: ContextLayout
  ) -> UInt64? {
    guard let (offset, size) = place(name, layout) else { return nil }
    return (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
  }
}

/// Why a comparison cannot be made.
public enum ComparisonError: Error {
  /// A map's initial contents name a program or a map that the comparison was not given.
  case unknownEntry(map: String)
  /// Neither the object nor the caller says what type of program it is.
  case noType(program: String)
}
