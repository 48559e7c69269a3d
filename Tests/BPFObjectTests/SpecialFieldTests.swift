import BPFObject
import BPFPlatform
import Testing

/// The fields of values that the kernel keeps for itself, found in the types of an object.
struct SpecialFieldTests {
  private typealias Field = MapSpec.SpecialField

  @Test func `fields are found where the kernel finds them`() throws {
    let object = try ObjectFile(bytes: fileBytes(fixturesFolder + "fields.o"))
    let fields = Dictionary(uniqueKeysWithValues: object.maps.map { ($0.name, $0.specialFields) })
    #expect(fields["plain_map"] == [])
    #expect(fields["locked_map"] == [Field(.spinLock, offset: 8)])
    #expect(fields["deep_map"] == [Field(.spinLock, offset: 12), Field(.timer, offset: 16)])
    #expect(fields["pointers_map"] == [0, 8, 16].map { Field(.kernelPointer, offset: $0) })
    // The kernel refuses the types of these, and loaders then make the maps without any.
    #expect(fields["tagged_map"] == [])
    #expect(fields["twice_map"] == [])
    #expect(fields["many_map"] == [])
    #expect(fields["inner_map"] == [Field(.spinLock, offset: 8)])
    let outer = try #require(object.maps.first { $0.name == "outer_map" })
    #expect(outer.specialFields == [])
    #expect(outer.inner?.value.specialFields == [Field(.spinLock, offset: 8)])
    #expect(fields[".data.private"]?.map(\.kind) == [.spinLock])
  }
}
