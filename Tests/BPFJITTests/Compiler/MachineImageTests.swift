import BPFISA
import BPFPlatform
import TestSupport
import Testing

@testable import BPFJIT

/// Images linked to addresses that nothing is at, with functions anywhere in 64 bits.
struct MachineImageTests {
  /// Where images are put: low, high, around the end of 48 bits and of the half, and in the negative half.
  private static let places: [UInt64] = [
    0, 0x40_0000, 0x7fff_ffff_f000, 0x8000_0000_0000, 0x7fff_ffff_ffff_f000, 0xffff_8000_0000_0000,
    0xffff_ffff_8000_0000, 0xffff_ffff_ffff_0000,
  ]

  /// A call, and nothing else but its end.
  private static func call(of address: UInt64, index: Int32 = 0) -> MachineImage {
    var calls = CallTable()
    _ = calls.index(of: CallTable.Target(name: "callee", address: address))
    let site = MachineImage.CallSite(end: 6, index: CallTable.Index(rawValue: index))
    return MachineImage(
      code: [0x90, 0xe8, 0, 0, 0, 0, 0xc3], codeSize: 7, calls: calls, callSites: [site],
      functions: [], stubs: [], callbackEntries: [], slotOffsets: [])
  }

  @Test(arguments: places)
  func `Functions are called directly to both ends of 2 GiB`(address: UInt64) throws {
    for distance: Int64 in [
      Int64(Int32.min), Int64(Int32.min) + 1, -6, -1, 0, 1, 0x1234_5678, Int64(Int32.max),
    ] {
      let target = address &+ 6 &+ UInt64(bitPattern: distance)
      let bytes = try Self.call(of: target).linked(at: address)
      #expect(bytes.count == 7)
      #expect(Array(bytes[..<2]) == [0x90, 0xe8])
      #expect(Int64(bytes.number(at: 2, as: Int32.self)) == distance)
      #expect(bytes[6] == 0xc3)
    }
  }

  @Test(arguments: places)
  func `Functions beyond 2 GiB are refused with their distance`(address: UInt64) {
    for distance: Int64 in [
      Int64(Int32.min) - 1, Int64(Int32.max) + 1, 1 << 32, -(1 << 32), 1 << 47, -(1 << 47), 1 << 48,
      -(1 << 48), (1 << 48) + 5, .max, .min,
    ] {
      let target = address &+ 6 &+ UInt64(bitPattern: distance)
      #expect(throws: LinkError.outOfReach("callee", offset: 6, distance: distance)) {
        try Self.call(of: target).linked(at: address)
      }
    }
  }

  @Test(arguments: [-1, 1, 2, .min, .max] as [Int32])
  func `Calls of what the table does not have are refused`(index: Int32) {
    let error = CallIndexError(index: CallTable.Index(rawValue: index), count: 1)
    #expect(throws: LinkError.index(error)) {
      try Self.call(of: 0x1000, index: index).linked(at: 0x1000)
    }
  }

  // MARK: Compiled programs

  /// What the helpers of ``program()`` are, by the order in which they are called first.
  private enum Callee: Int, CaseIterable {
    case first, described, second, tailCall

    var helper: HelperID {
      switch self {
      case .first: .ktimeGetNanoseconds
      case .described: .getRandomU32
      case .second: .getCurrentPIDTGID
      case .tailCall: .tailCall
      }
    }
  }

  /// Calls of every kind, one of them of a function called before.
  private static func program() throws -> Program {
    var builder = ProgramBuilder("calls")
    for callee in [Callee.first, .described, .second, .first] { builder.call(callee.helper) }
    builder.move(.r1, .r0)
    builder.move(.r2, 0)
    builder.move(.r3, 0)
    builder.call(Callee.tailCall.helper)
    builder.move(.r0, 1)
    builder.exit()
    return try builder.program()
  }

  /// Whose calls are in the code, by rising offset: the helper that is described is called by a stub, after all else.
  private static let calls = [Callee.first, .second, .first, .tailCall, .described]

  private static func image(_ addresses: [UInt64], callsNear: Bool) throws -> MachineImage {
    let targets = Callee.allCases.map {
      CallTable.Target(name: "\($0)", address: addresses[$0.rawValue])
    }
    let bindings = NativeBindings { helper in
      guard let callee = Callee.allCases.first(where: { $0.helper == helper }) else { return nil }
      let target = targets[callee.rawValue]
      return switch callee {
      case .first, .second: .function(target, arguments: 0)
      case .described: .described(target, as: 0x1_0000_0007, arguments: 0)
      case .tailCall: .tailCall(target)
      }
    }
    var options = CompileOptions()
    options.callsNear = callsNear
    let program = try program()
    var generator = try CodeGenerator(program, bindings, options)
    generator.compileFunctions()
    return try generator.finish(program)
  }

  private static let far: [UInt64] = [
    0x1000, 0xffff_8000_0000_1000, 0x1234_5678_9abc_def0, 0xffff_ffff_ffff_fff0,
  ]

  @Test func `Far images call through a table of their own`() throws {
    let image = try Self.image(Self.far, callsNear: false)
    #expect(image.callSites.isEmpty)
    #expect(image.codeSize.isMultiple(of: 8))
    #expect(image.code.count == image.codeSize + 8 * image.calls.targets.count)
    let table = image.calls.targets.indices.map {
      image.code.number(at: image.codeSize + 8 * $0, as: UInt64.self)
    }
    #expect(table == image.calls.targets.map(\.address))
    #expect(Set(table) == Set(Self.far))
    // Indirect calls and jumps whose operand lies at a distance from their ends.
    let sites = (0..<image.codeSize - 5).filter {
      image.code[$0] == 0xff && [0x15, 0x25].contains(image.code[$0 + 1])
    }
    #expect(sites.map { image.code[$0 + 1] } == [0x15, 0x15, 0x15, 0x15, 0x25])
    let called = sites.map { site in
      let entry = site + 6 + Int(image.code.number(at: site + 2, as: Int32.self))
      return entry < image.codeSize || entry + 8 > image.code.count
        ? nil : image.code.number(at: entry, as: UInt64.self)
    }
    #expect(called == Self.calls.map { Self.far[$0.rawValue] })
    for address in Self.places { #expect(try image.linked(at: address) == image.code) }
  }

  @Test func `Near images have one size wherever they and their functions are`() throws {
    let image = try Self.image([0x1000, 0x2000, 0x3000, 0x4000], callsNear: true)
    // What is compiled knows no addresses.
    #expect(try Self.image(Self.far, callsNear: true).code == image.code)
    #expect(image.codeSize == image.code.count)
    #expect(image.callSites.count == Self.calls.count)
    for address in Self.places {
      let targets = [0, 0x7000_0000, 0x1_0000, 0x20].map { address &+ $0 }
      let near = try Self.image(targets, callsNear: true)
      let bytes = try near.linked(at: address)
      #expect(bytes.count == image.code.count)
      var unlinked = bytes
      var called: [UInt64] = []
      for site in near.callSites {
        let distance = bytes.number(at: site.end - 4, as: Int32.self)
        called.append(address &+ UInt64(site.end) &+ UInt64(bitPattern: Int64(distance)))
        for index in site.end - 4..<site.end { unlinked[index] = 0 }
      }
      #expect(called == Self.calls.map { targets[$0.rawValue] })
      #expect(unlinked == image.code)
    }
  }

  /// One function out of reach is enough, and the error names it and its call.
  @Test func `Near images are refused where one function is out of reach`() throws {
    let address: UInt64 = 0x7f00_0000_0000
    for callee in Callee.allCases {
      var targets = [UInt64](repeating: address, count: 4)
      // Functions at one address have one place in the table.
      for index in targets.indices { targets[index] += UInt64(index) }
      targets[callee.rawValue] = address + (1 << 32)
      let image = try Self.image(targets, callsNear: true)
      let call = try #require(Self.calls.firstIndex(of: callee))
      let end = image.callSites[call].end
      let error = LinkError.outOfReach("\(callee)", offset: end, distance: (1 << 32) - Int64(end))
      #expect(throws: error) { try image.linked(at: address) }
    }
  }
}

extension [UInt8] {
  /// The number that lies at an offset, lowest byte first.
  fileprivate func number<Number: FixedWidthInteger>(at offset: Int, as: Number.Type) -> Number {
    (0..<Number.bitWidth / 8).reduce(0) {
      $0 | Number(truncatingIfNeeded: self[offset + $1]) << ($1 * 8)
    }
  }
}
