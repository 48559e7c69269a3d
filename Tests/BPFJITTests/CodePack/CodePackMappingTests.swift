import TestSupport
import Testing

@testable import BPFJIT

/// What the system shows of the process's memory after each step.
struct CodePackMappingTests {
  @Test func `Files in memory are mapped for reading and execution only, at every step`() throws {
    let named = NamedPacks()
    var address: UInt = 0
    do {
      let packs = named.make()
      #expect(try MemoryMap.current().named(named.name).isEmpty)
      var allocation = try packs.allocate(100)
      func expectOnlyExecutable(_ step: String) throws {
        let map = try MemoryMap.current()
        #expect(map.writableAndExecutable.isEmpty, "\(step)")
        #expect(map.named(named.name).map(\.permissions) == ["r-xs"], "\(step)")
      }
      try expectOnlyExecutable("allocate")
      unsafe allocation.write(SmallImage.returning(1).span.bytes)
      try expectOnlyExecutable("write")
      var code: InstalledCode? = try allocation.finalize()
      try expectOnlyExecutable("finalize")
      address = try #require(code).address
      #expect(SmallImage.run(try #require(code)) == 1)
      code = nil
      let map = try MemoryMap.current()
      #expect(map.writableAndExecutable.isEmpty)
      #expect(map.named(named.name).map(\.permissions) == ["---s"])
      #expect(map.at(address)?.isExecutable == false)
    }
    #expect(try MemoryMap.current().named(named.name).isEmpty)
  }

  @Test func `Private pages are writable or executable, and gone after free`() throws {
    // Far from other tests' code, so that no other mapping takes the place.
    let packs = CodePacks(
      near: 0x2345_0000_0000, hook: .default, system: .withoutMemoryFiles)
    var allocation = try packs.allocate(100)
    let address = allocation.readOnlyImage
    #expect(try #require(MemoryMap.current().at(address)).permissions == "---p")
    unsafe allocation.write(SmallImage.returning(8).span.bytes)
    var code: InstalledCode? = try allocation.finalize()
    let map = try MemoryMap.current()
    #expect(map.writableAndExecutable.isEmpty)
    #expect(try #require(map.at(address)).permissions == "r-xp")
    #expect(SmallImage.run(try #require(code)) == 8)
    code = nil
    #expect(try MemoryMap.current().at(address) == nil)
    // Without finalizing, too.
    let unused: UInt
    do { unused = try packs.allocate(9_000).readOnlyImage }
    #expect(try MemoryMap.current().at(unused) == nil)
    #expect(packs.statistics == CodePackStatistics())
  }

  @Test func `Random steps never leave memory both writable and executable`() throws {
    let named = NamedPacks()
    let packs = named.make()
    var random = SeededGenerator(seed: 7)
    var codes: [InstalledCode] = []
    for step in 0..<80 {
      if codes.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
        let size = [6, 300, 700_000, 3_000_000].randomElement(using: &random) ?? 6
        codes.append(try SmallImage.install(UInt32(step), byteCount: size, in: packs))
      } else {
        codes.remove(at: Int.random(in: codes.indices, using: &random))
      }
      let map = try MemoryMap.current()
      #expect(map.writableAndExecutable.isEmpty)
      let statistics = packs.statistics
      let mine = map.named(named.name)
      #expect(mine.reduce(0) { $0 + $1.range.count } == statistics.bytesMapped)
      #expect(mine.allSatisfy { !$0.isWritable })
      for code in codes { #expect(map.at(code.address)?.permissions == "r-xs") }
    }
    codes = []
    #expect(try MemoryMap.current().named(named.name).allSatisfy { !$0.isExecutable })
  }
}
