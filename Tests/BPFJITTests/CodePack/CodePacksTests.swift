import TestSupport
import Testing

@testable import BPFJIT

struct CodePacksTests {
  @Test func `An image runs at the address that was known before it was written`() throws {
    let packs = NamedPacks().make()
    var allocation = try packs.allocate(6)
    let header = allocation.readOnlyHeader
    let image = allocation.readOnlyImage
    #expect(header.isMultiple(of: 64))
    #expect(image == header + 16)
    // Until it is copied, there are traps where it will run.
    #expect(SmallImage.bytes(at: image, count: 6) == [UInt8](repeating: 0xcc, count: 6))
    unsafe allocation.write(SmallImage.returning(0x1234_5678).span.bytes)
    #expect(SmallImage.bytes(at: image, count: 6) == [UInt8](repeating: 0xcc, count: 6))
    let code = try allocation.finalize()
    #expect(code.address == image)
    #expect(code.size == 6)
    #expect(SmallImage.run(code) == 0x1234_5678)
    // Sizes in the header, the image, and traps in the rest of the chunk and of the page.
    let traps = [UInt8](repeating: 0xcc, count: 8)
    #expect(SmallImage.bytes(at: header, count: 16) == [6, 0, 0, 0, 16, 0, 0, 0] + traps)
    #expect(
      SmallImage.bytes(at: image + 6, count: 4096 - 22) == [UInt8](repeating: 0xcc, count: 4074))
  }

  @Test func `The image is written through the buffer by pointer or by span`() throws {
    let packs = NamedPacks().make()
    var allocation = try packs.allocate(6)
    let header = unsafe allocation.writableHeader
    let size = unsafe header.load(as: UInt32.self)
    #expect(size == 6)
    let image = unsafe allocation.writableImage
    let (count, start) = unsafe (image.count, image.baseAddress.map { unsafe $0 - header })
    #expect(count == 6)
    #expect(start == 16)
    unsafe image.copyBytes(from: SmallImage.returning(1))
    allocation.withWritableImage { span in
      unsafe span.withUnsafeMutableBytes { bytes in unsafe bytes[1] = 77 }
    }
    #expect(SmallImage.run(try allocation.finalize()) == 77)
  }

  @Test func `What was freed traps, and is handed out first`() throws {
    let packs = NamedPacks().make()
    let kept = try SmallImage.install(1, in: packs)
    var freed: InstalledCode? = try SmallImage.install(2, byteCount: 500, in: packs)
    let last = try SmallImage.install(3, in: packs)
    let address = try #require(freed).address
    #expect(SmallImage.bytes(at: address, count: 6) == SmallImage.returning(2))
    freed = nil
    #expect(
      SmallImage.bytes(at: address - 16, count: 576) == [UInt8](repeating: 0xcc, count: 576))
    #expect(packs.statistics.packedImages == 2)
    let next = try SmallImage.install(4, byteCount: 500, in: packs)
    #expect(next.address == address)
    #expect([kept, next, last].map(SmallImage.run) == [1, 4, 3])
  }

  @Test func `An allocation that is not finalized is given back`() throws {
    let packs = NamedPacks().make()
    let kept = try SmallImage.install(1, in: packs)
    let place: UInt
    do {
      let allocation = try packs.allocate(100)
      place = allocation.readOnlyImage
      #expect(packs.statistics.packedImages == 2)
    }
    #expect(packs.statistics.packedImages == 1)
    #expect(packs.statistics.bytesInUse == 64)
    #expect(try packs.allocate(100).readOnlyImage == place)
    #expect(SmallImage.run(kept) == 1)
  }

  @Test func `Packs lie within reach of the anchor, and of each other`() throws {
    let anchor = ExecutableMemory.moduleAddress
    let packs = NamedPacks().make(near: anchor)
    // Each takes most of a pack.
    let codes = try (0..<5).map {
      try SmallImage.install(UInt32($0), byteCount: 1_500_000, in: packs)
    }
    #expect(packs.statistics.packs == 5)
    for code in codes {
      let distance = code.address > anchor ? code.address - anchor : anchor - code.address
      #expect(distance <= 1 << 30)
    }
    #expect(codes.map(SmallImage.run) == [0, 1, 2, 3, 4])
  }

  @Test func `Without place within reach, packs lie elsewhere`() throws {
    // No process has memory there.
    let packs = NamedPacks().make(near: 0xffff_ffff_8000_0000)
    #expect(SmallImage.run(try SmallImage.install(5, in: packs)) == 5)
  }

  @Test func `Images larger than a pack have pages of their own`() throws {
    let named = NamedPacks()
    let packs = named.make()
    var code: InstalledCode? = try SmallImage.install(9, byteCount: 5_000_000, in: packs)
    let address = try #require(code).address
    #expect(try #require(code).size == 5_000_000)
    #expect(packs.statistics.imagesWithOwnPages == 1)
    #expect(packs.statistics.packs == 0)
    #expect(packs.statistics.bytesMapped == (5_000_016 + 4095) & ~4095)
    #expect(SmallImage.run(try #require(code)) == 9)
    // The rest of the last page.
    #expect(
      SmallImage.bytes(at: address + 5_000_000, count: 16) == [UInt8](repeating: 0xcc, count: 16))
    code = nil
    #expect(packs.statistics == CodePackStatistics())
    #expect(try MemoryMap.current().named(named.name).isEmpty)
    // The largest that a pack holds, and one byte more.
    let largest = (2 << 20) - 16
    let whole = try SmallImage.install(1, byteCount: largest, in: packs)
    #expect(packs.statistics.packs == 1)
    let more = try SmallImage.install(2, byteCount: largest + 1, in: packs)
    #expect(packs.statistics.packs == 1)
    #expect(packs.statistics.imagesWithOwnPages == 1)
    #expect([whole, more].map(SmallImage.run) == [1, 2])
  }

  @Test(arguments: [0, -1, .min, CodePacks.maximumSize + 1, .max])
  func `Sizes that no image has are refused`(size: Int) {
    let packs = NamedPacks().make()
    #expect(throws: CodePackError.sizeOutOfRange(size, limit: CodePacks.maximumSize)) {
      _ = try packs.allocate(size).size
    }
    #expect(packs.statistics == CodePackStatistics())
  }

  @Test(arguments: [6, 250, 4_000])
  func `Random starts are multiples of 4, differ, and leave room for the image`(size: Int) throws {
    let packs = NamedPacks().make()
    var starts: Set<UInt> = []
    for _ in 0..<200 {
      var allocation = try packs.allocate(size, randomizesStart: true)
      let start = allocation.readOnlyImage - allocation.readOnlyHeader
      #expect(start >= 16)
      #expect(start.isMultiple(of: 4))
      starts.insert(start)
      unsafe allocation.write(SmallImage.returning(3, byteCount: size).span.bytes)
      let code = try allocation.finalize()
      #expect(SmallImage.run(code) == 3)
      let header = SmallImage.bytes(at: code.address - start, count: 8)
      #expect(header[4..<6].elementsEqual([UInt8(start & 0xff), UInt8(start >> 8)]))
      // What is before the image traps.
      #expect(
        SmallImage.bytes(at: code.address - start + 8, count: Int(start) - 8)
          .allSatisfy { $0 == 0xcc })
      #expect(Int(start) + size <= packs.statistics.bytesInUse)
    }
    // At least 33 are possible; that 200 draws give fewer than 16 happens once in 10⁴⁰.
    #expect(starts.count >= 16)
  }

  @Test func `Empty packs go back to the system, except one that nobody can execute`() throws {
    let named = NamedPacks()
    let packs = named.make()
    var codes = try (0..<4).map {
      try SmallImage.install(UInt32($0), byteCount: 1_500_000, in: packs)
    }
    #expect(try MemoryMap.current().named(named.name).count == 4)
    while !codes.isEmpty { codes.removeLast() }
    #expect(packs.statistics.packs == 1)
    let left = try MemoryMap.current().named(named.name)
    #expect(left.map(\.permissions) == ["---s"])
    // The one kept is used again.
    let again = try SmallImage.install(7, in: packs)
    #expect(SmallImage.run(again) == 7)
    #expect(packs.statistics.packs == 1)
    #expect(left[0].range.contains(again.address))
  }

  @Test func `Pages are taken when images need them`() throws {
    let packs = NamedPacks().make()
    let codes = try (0..<100).map { try SmallImage.install(UInt32($0), byteCount: 250, in: packs) }
    let statistics = packs.statistics
    #expect(statistics.packs == 1)
    #expect(statistics.packedImages == 100)
    #expect(statistics.bytesInUse == 100 * 5 * 64)
    #expect(statistics.bytesTouched == 8 * 4096)
    #expect(statistics.bytesMapped == 2 << 20)
    #expect(codes.map(SmallImage.run) == (0..<100).map(UInt32.init))
  }
}
