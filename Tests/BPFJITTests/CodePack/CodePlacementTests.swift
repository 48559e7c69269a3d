import Testing

@testable import BPFJIT

struct CodePlacementTests {
  private static let pack = 2 << 20

  @Test(arguments: [0x5555_5555_4000, 0x40_0000, 1 << 30, 0x7fff_ffff_0000] as [UInt])
  func `Places are aligned, apart and within reach, and come round again`(anchor: UInt) {
    var placement = CodePlacement(near: anchor, distance: 6 << 20)
    var places: [UInt] = []
    for _ in 0..<1_200 {
      guard let place = placement.next(byteCount: Self.pack, alignment: UInt(Self.pack)) else {
        Issue.record("a pack has a place")
        return
      }
      #expect(place.isMultiple(of: UInt(Self.pack)))
      let distance = place > anchor ? place + UInt(Self.pack) - anchor : anchor - place
      #expect(distance <= CodePlacement.reach)
      #expect(place >= 1 << 16)
      if places.contains(place) { break }
      places.append(place)
    }
    // All of the range: 2 GiB, or what there is of it.
    #expect(places.count >= placement.range.count / Self.pack - 2)
  }

  @Test func `The first place is as far below the anchor as asked`() {
    var placement = CodePlacement(near: 0x5555_5555_4000, distance: 0x20_0000)
    #expect(placement.next(byteCount: Self.pack, alignment: UInt(Self.pack)) == 0x5555_5500_0000)
  }

  @Test func `What is larger than the reach has no place`() {
    var placement = CodePlacement(near: 0x5555_5555_4000, distance: 0)
    #expect(placement.next(byteCount: 3 << 30, alignment: 4096) == nil)
  }
}
