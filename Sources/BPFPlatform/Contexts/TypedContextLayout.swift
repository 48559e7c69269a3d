/// Describes a context that a host defines: a structure of its own, whose fields programs see as those of a C structure.
///
///     var layout = TypedContextLayout<Request>("request")
///     layout.field("priority", \.priority, .readWrite)
///     layout.field("address", \.address)
///     layout.packet("body")
///
/// Fields lie in the order in which they are declared, aligned as a C compiler aligns them; ``cDeclaration`` is what programs
/// include. Declaring a field wrongly (one that is computed, or a name twice) is a programming error and stops the process.
public struct TypedContextLayout<Context: BitwiseCopyable>: Sendable {
  /// The description that verifier, rewriter and engines work with.
  public private(set) var layout: ContextLayout
  private var declarations: [String] = []

  /// - Parameter name: The structure's name, as in C.
  public init(_ name: String) {
    precondition(Self.isIdentifier(name), "a structure is called by an identifier")
    layout = ContextLayout(
      name: name, size: 0, storageSize: Self.packetPlace + 16, fields: [])
  }

  /// Declares an integer of 1, 2, 4 or 8 bytes.
  ///
  /// - Parameters:
  ///   - path: A stored property.
  ///   - access: What programs may do. Parts of it may be read, or written, as well.
  public mutating func field<Number: FixedWidthInteger & BitwiseCopyable>(
    _ name: String, _ path: KeyPath<Context, Number>, _ access: ContextLayout.Access = .read
  ) {
    add(
      name, Number.self, count: 1, at: Self.offset(of: path, name), access,
      declaration: "\(Self.cType(Number.self)) \(name)")
  }

  /// Declares an array of integers of 1, 2, 4 or 8 bytes.
  ///
  /// - Parameters: As for ``field(_:_:_:)-(_,KeyPath<Context,Number>,_)``.
  public mutating func field<let count: Int, Number: FixedWidthInteger & BitwiseCopyable>(
    _ name: String, _ path: KeyPath<Context, InlineArray<count, Number>>,
    _ access: ContextLayout.Access = .read
  ) {
    add(
      name, Number.self, count: count, at: Self.offset(of: path, name), access,
      declaration: "\(Self.cType(Number.self)) \(name)[\(count)]")
  }

  /// Declares bytes of any number that a run is given beside the structure: two pointers, `name` and `name_end`. A program may
  /// read as far as it compared with the second.
  public mutating func packet(_ name: String) {
    precondition(
      !layout.fields.contains { $0.kind == .packetStart }, "a context has one packet at most")
    addPointer(name, .packetStart, at: Self.packetPlace)
    addPointer(name + "_end", .packetEnd, at: Self.packetPlace + 8)
  }

  /// The structure as C source, for programs.
  public var cDeclaration: String {
    let fields = declarations.map { "\t\($0);\n" }.joined()
    return "struct \(layout.name) {\n\(fields)};\n"
  }

  // MARK: How

  /// Where the bounds of the packet are kept: after the host's structure.
  private static var packetPlace: Int { (MemoryLayout<Context>.size + 7) & ~7 }

  private mutating func add<Number: FixedWidthInteger>(
    _ name: String, _ type: Number.Type, count: Int, at place: Int,
    _ access: ContextLayout.Access, declaration: String
  ) {
    let size = MemoryLayout<Number>.size
    precondition([1, 2, 4, 8].contains(size), "a field's numbers have 1, 2, 4 or 8 bytes")
    precondition(count > 0, "an array has elements")
    var access = access
    if access.contains(.read) { access.insert(.narrowRead) }
    if access.contains(.write) { access.insert(.narrowWrite) }
    append(
      .init(
        name: name, offset: (layout.size + size - 1) / size * size, size: count * size,
        elementSize: size, access: access, kind: .scalar,
        storage: .init(offset: place, size: count * size)),
      declaration)
  }

  private mutating func addPointer(_ name: String, _ kind: ContextLayout.Kind, at place: Int) {
    append(
      .init(
        name: name, offset: (layout.size + 7) & ~7, size: 8, access: .read, kind: kind,
        storage: .init(offset: place, size: 8)),
      "const void *\(name)")
  }

  private mutating func append(_ field: ContextLayout.Field, _ declaration: String) {
    precondition(Self.isIdentifier(field.name), "a field is called by an identifier")
    precondition(
      !layout.fields.contains { $0.name == field.name }, "a field's name is declared once")
    declarations.append(declaration)
    layout = ContextLayout(
      name: layout.name, size: field.offset + field.size, storageSize: layout.storageSize,
      fields: layout.fields + [field])
  }

  private static func offset<Value>(of path: KeyPath<Context, Value>, _ name: String) -> Int {
    guard let offset = MemoryLayout<Context>.offset(of: path) else {
      preconditionFailure("the field \(name) is of a stored property")
    }
    return offset
  }

  private static func cType<Number: FixedWidthInteger>(_ type: Number.Type) -> String {
    "__\(Number.isSigned ? "s" : "u")\(Number.bitWidth)"
  }

  private static func isIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    else { return false }
    return name.utf8.allSatisfy {
      $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
  }
}
