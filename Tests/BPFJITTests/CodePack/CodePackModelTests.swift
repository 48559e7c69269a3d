import TestSupport
import Testing

@testable import BPFJIT

/// Random allocations, finalizations and frees against a list of what there should be.
struct CodePackModelTests {
  private struct Live {
    let code: InstalledCode
    let image: [UInt8]
    let result: UInt32
    let header: UInt
    let byteCount: Int
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `Images keep their bytes, never overlap, and leave traps`(seed: UInt64) throws {
    let packs = NamedPacks().make()
    var random = SeededGenerator(seed: seed)
    var live: [Live] = []
    for step in 0..<400 {
      if live.isEmpty || Int.random(in: 0..<100, using: &random) < (step < 200 ? 65 : 40) {
        let size = Int.random(
          in: 6...([64, 500, 5_000, 100_000].randomElement(using: &random) ?? 6), using: &random)
        let isRandom = Bool.random(using: &random)
        var allocation = try packs.allocate(size, randomizesStart: isRandom)
        let needed = 16 + size + (isRandom ? 128 : 0)
        let byteCount = (needed + 63) / 64 * 64
        let header = allocation.readOnlyHeader
        for other in live {
          #expect(
            header + UInt(byteCount) <= other.header
              || other.header + UInt(other.byteCount) <= header)
        }
        // Some are given back unfinished.
        if Int.random(in: 0..<8, using: &random) == 0 { continue }
        var image = SmallImage.returning(UInt32(step), byteCount: size)
        for index in 6..<size { image[index] = UInt8.random(in: 0...255, using: &random) }
        unsafe allocation.write(image.span.bytes)
        let code = try allocation.finalize()
        live.append(
          Live(
            code: code, image: image, result: UInt32(step), header: header, byteCount: byteCount))
      } else {
        let index = Int.random(in: live.indices, using: &random)
        let (header, byteCount) = (live[index].header, live[index].byteCount)
        let region = live[index].code.reservation.place.region
        live.remove(at: index)
        if live.contains(where: { $0.code.reservation.place.region === region }) {
          #expect(SmallImage.bytes(at: header, count: byteCount).allSatisfy { $0 == 0xcc })
        }
      }
      let statistics = packs.statistics
      #expect(statistics.packedImages == live.count)
      #expect(statistics.bytesInUse == live.reduce(0) { $0 + $1.byteCount })
      if step % 20 == 0 {
        for image in live {
          #expect(SmallImage.bytes(at: image.code.address, count: image.image.count) == image.image)
          #expect(SmallImage.run(image.code) == image.result)
        }
      }
    }
    live = []
    #expect(packs.statistics.packs == 1)
    #expect(packs.statistics.bytesInUse == 0)
  }
}
