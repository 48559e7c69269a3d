import Testing

@testable import BPFJIT

struct CallTableTests {
  @Test func `Targets have one index each, wherever in 64 bits they are`() throws {
    var table = CallTable()
    let near = CallTable.Target(name: "near", address: 0x1000)
    let far = CallTable.Target(name: "far", address: 0xffff_8000_0000_1000)
    let first = table.index(of: near)
    let second = table.index(of: far)
    #expect(first != second)
    #expect(table.index(of: near) == first)
    #expect(try table.target(at: second) == far)
  }

  @Test(arguments: [-1, 1, Int32.max, .min])
  func `An index beyond the table is refused with the table's count`(index: Int32) {
    var table = CallTable()
    _ = table.index(of: CallTable.Target(name: "only", address: 1))
    let index = CallTable.Index(rawValue: index)
    #expect(throws: CallIndexError(index: index, count: 1)) { try table.target(at: index) }
  }
}
