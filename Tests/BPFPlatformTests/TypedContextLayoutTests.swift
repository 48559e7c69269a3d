import BPFPlatform
import Testing

struct TypedContextLayoutTests {
  private struct Request: BitwiseCopyable {
    var id: UInt64 = 0
    var method: UInt8 = 0
    var priority: Int32 = 0
    var address = InlineArray<4, UInt32>(repeating: 0)
    var port: UInt16 = 0
  }

  private static func layout() -> TypedContextLayout<Request> {
    var layout = TypedContextLayout<Request>("request")
    layout.field("method", \.method)
    layout.field("priority", \.priority, .readWrite)
    layout.field("port", \.port)
    layout.field("id", \.id)
    layout.field("address", \.address)
    layout.packet("body")
    return layout
  }

  @Test func `fields lie as a C compiler lays them`() throws {
    let fields = Self.layout().layout.fields
    #expect(
      fields.map(\.name) == ["method", "priority", "port", "id", "address", "body", "body_end"])
    #expect(fields.map(\.offset) == [0, 4, 8, 16, 24, 40, 48])
    #expect(fields.map(\.size) == [1, 4, 2, 8, 16, 8, 8])
    #expect(fields.map(\.elementSize) == [1, 4, 2, 8, 4, 8, 8])
    #expect(Self.layout().layout.size == 56)
  }

  @Test func `fields are kept where the host's structure has them`() throws {
    let layout = Self.layout().layout
    let places = try ["method", "priority", "port", "id", "address"].map {
      try #require(layout.field(named: $0)).storage.offset
    }
    #expect(
      places == [
        MemoryLayout<Request>.offset(of: \.method), MemoryLayout<Request>.offset(of: \.priority),
        MemoryLayout<Request>.offset(of: \.port), MemoryLayout<Request>.offset(of: \.id),
        MemoryLayout<Request>.offset(of: \.address),
      ])
    let start = try #require(layout.field(named: "body")).storage
    #expect(start.offset >= MemoryLayout<Request>.size && start.offset % 8 == 0)
    #expect(layout.storageSize == start.offset + 16)
  }

  @Test func `parts may be accessed as the whole may`() throws {
    let layout = Self.layout().layout
    let priority = try #require(layout.field(named: "priority"))
    #expect(priority.permits(offset: 5, size: 1, isWrite: true))
    #expect(priority.permits(offset: 4, size: 4, isWrite: true))
    #expect(!priority.permits(offset: 5, size: 2, isWrite: false))
    let address = try #require(layout.field(named: "address"))
    #expect(address.permits(offset: 28, size: 4, isWrite: false))
    #expect(!address.permits(offset: 24, size: 8, isWrite: false))
    #expect(!address.permits(offset: 24, size: 4, isWrite: true))
  }

  @Test func `programs include the declaration`() {
    #expect(
      Self.layout().cDeclaration == """
        struct request {
        \t__u8 method;
        \t__s32 priority;
        \t__u16 port;
        \t__u64 id;
        \t__u32 address[4];
        \tconst void *body;
        \tconst void *body_end;
        };

        """)
  }
}
