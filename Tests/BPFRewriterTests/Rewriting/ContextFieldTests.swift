import BPFISA
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import BPFVerifier
import TestSupport
import Testing

/// Every access to every byte of every context: those that the layout allows give what is there, all others are refused.
struct ContextFieldTests {
  private static let types: [ProgramType] = [
    .xdp, .schedCLS, .schedACT, .socketFilter, .cgroupSKB, .lwtIn, .lwtOut, .lwtXmit,
  ]
  private static let map = MapSpec(
    name: "found", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1)
  private static let packet = [UInt8](repeating: 0x5a, count: 80)

  /// A number for each field that has its bytes differ.
  private static func prepare(_ frame: ExecutionFrame) throws {
    for (index, field) in (frame.layout?.fields ?? []).enumerated() where field.kind == .scalar {
      for name in names(of: field) {
        let value = 0x1122_3344_5566_7788 &* UInt64(2 * index + 3)
        let bytes = min(field.valueSize, field.elementSize, name == field.name ? field.size : 4)
        try? frame.setContext(name, to: bytes == 8 ? value : value & (1 << UInt64(8 * bytes) - 1))
      }
    }
    try frame.load(packet)
  }

  /// What the frame calls a field, or its words.
  private static func names(of field: ContextLayout.Field) -> [String] {
    field.size > 8 ? (0..<field.size / 4).map { "\(field.name)[\($0)]" } : [field.name]
  }

  /// The bytes of a field as the frame has them.
  private static func bytes(of field: ContextLayout.Field, in frame: ExecutionFrame) throws
    -> [UInt8]
  {
    let isArray = field.size > 8
    return try names(of: field).flatMap { name in
      let value = try frame.context(name)
      return (0..<(isArray ? 4 : field.size)).map {
        UInt8(truncatingIfNeeded: value >> UInt64(8 * $0))
      }
    }
  }

  private static func program(_ instructions: [Instruction]) throws -> Program {
    try Program(
      name: "access", slots: instructions.flatMap { try $0.encoded.slots }, mapNames: [map.name])
  }

  private static func verify(_ program: Program, as type: ProgramType) throws -> VerifiedProgram {
    try Verifier(for: type).verify(program, maps: [map])
  }

  private static let sizes: [MemorySize] = [.byte, .half, .word, .double]

  @Test(arguments: types) func `reads give what is there`(type: ProgramType) throws {
    let layout = try #require(ContextLayout(for: type))
    var count = 0
    for offset in -1..<layout.size + 9 {
      let field = offset < 0 ? nil : layout.field(at: offset)
      for size in Self.sizes {
        let program = try Self.program([
          .load(size, signExtended: false, destination: .r6, base: .r1, offset: Int16(offset)),
          .loadWide(destination: .r1, .mapIndexValue(0, offset: 0)),
          .store(.double, base: .r1, offset: 0, source: .register(.r6)),
          .arithmetic(.move, .bits64, destination: .r0, source: .immediate(1)),
          .exit,
        ])
        let isPermitted =
          field?.permits(offset: offset, size: size.byteCount, isWrite: false) ?? false
        let verified = try? Self.verify(program, as: type)
        #expect((verified != nil) == isPermitted, "\(type.name) \(offset) \(size)")
        guard let verified, let field else { continue }
        let map = try Map(Self.map)
        let loaded = try LoadedProgram(Rewriter().rewrite(verified), maps: [map])
        let frame = loaded.makeFrame()
        try Self.prepare(frame)
        let bytes = field.kind == .scalar ? try Self.bytes(of: field, in: frame) : []
        #expect(loaded.run(frame).fault == nil)
        count += 1
        let found = try #require(try map.get([0, 0, 0, 0]))
        switch field.kind {
        case .packetStart, .packetEnd, .packetMetadataStart:
          #expect(found.contains { $0 != 0 }, "\(field.name)")
        case .pointer: #expect(found.allSatisfy { $0 == 0 })
        case .scalar:
          // A part that can hold all of a short field is its value.
          let isShort = field.valueSize < field.elementSize && size.byteCount >= field.valueSize
          let start = isShort ? 0 : offset - field.offset
          let expected = Array(bytes[start..<min(start + size.byteCount, bytes.count)])
          #expect(
            Array(found.prefix(expected.count)) == expected
              && found.dropFirst(size.byteCount).allSatisfy { $0 == 0 },
            "\(type.name) \(field.name) \(offset) \(size)")
        }
      }
    }
    #expect(count >= (type == .xdp ? 6 : 60))
  }

  @Test(arguments: types) func `writes leave what they leave unrewritten`(type: ProgramType) throws
  {
    let layout = try #require(ContextLayout(for: type))
    for offset in -1..<layout.size + 9 {
      let field = offset < 0 ? nil : layout.field(at: offset)
      for size in Self.sizes {
        let isPermitted =
          field?.permits(offset: offset, size: size.byteCount, isWrite: true) ?? false
        for value in [0, 1, 0xfffe, 0xffff, 0x1_0005, -1] as [Int32] {
          for isImmediate in [true, false] {
            let program = try Self.program([
              .arithmetic(.move, .bits64, destination: .r2, source: .immediate(value)),
              .store(
                size, base: .r1, offset: Int16(offset),
                source: isImmediate ? .immediate(value) : .register(.r2)),
              .arithmetic(.move, .bits64, destination: .r0, source: .immediate(1)),
              .exit,
            ])
            let verified = try? Self.verify(program, as: type)
            #expect((verified != nil) == isPermitted, "\(type.name) \(offset) \(size)")
            guard let verified else { continue }
            let maps = [try Map(Self.map)]
            let contents = try [
              LoadedProgram(Rewriter().rewrite(verified), maps: maps),
              LoadedProgram(unverified: program, type: type, maps: maps),
            ].map { loaded in
              let frame = loaded.makeFrame()
              try Self.prepare(frame)
              #expect(loaded.run(frame).fault == nil)
              return try layout.fields.filter { $0.kind == .scalar }
                .map { try Self.bytes(of: $0, in: frame) }
            }
            #expect(contents[0] == contents[1], "\(type.name) \(offset) \(size) \(value)")
          }
          if !isPermitted { break }
        }
      }
    }
  }
}
