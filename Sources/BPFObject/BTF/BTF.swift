/// The types of an object (BTF, kernel document `bpf/btf.rst`), checked: every reference is to a type of the table,
/// no type contains itself, every size is known where it has one.
public struct BTF: Sendable {
  /// A position in the table; 0 is `void`.
  public typealias TypeID = UInt32

  /// How deep types may nest by value, as structures in arrays in structures.
  public static let nestingLimit = 64

  /// The longest name of a type or member in bytes, with the zero at its end; the kernel's limit too.
  public static let nameLimit = 512

  /// The types by id; the first is `void`.
  public internal(set) var types: [BTFType]
  let strings: ByteReader
  var layouts: [Layout]

  /// What follows from a type's parts, computed once.
  struct Layout: Hashable, Sendable {
    /// The type behind typedefs, qualifiers and tags.
    var resolved: TypeID
    /// The size in bytes, of types that have one.
    var size: Int?
    /// How many values ``BTF/decode(_:_:)`` makes of it, at most, a long enumeration counting for several, as it
    /// is searched; `Int.max` where beyond counting.
    var values: Int
    /// How many levels of types by value lie in it.
    var depth: Int
  }

  /// The type with an id.
  public func type(_ id: TypeID) -> BTFType? {
    id < types.count ? types[Int(id)] : nil
  }

  /// The id of the type behind typedefs, qualifiers and tags.
  ///
  /// - Complexity: O(1).
  public func resolve(_ id: TypeID) -> TypeID {
    id < layouts.count ? layouts[Int(id)].resolved : 0
  }

  /// The size of a type in bytes; nil for `void`, functions and types only declared.
  ///
  /// - Complexity: O(1).
  public func size(of id: TypeID) -> Int? {
    id < layouts.count ? layouts[Int(id)].size : nil
  }

  /// The string at an offset of the table's strings; empty for an offset outside of them, which no type has.
  public func string(at offset: UInt32) -> String {
    do {
      guard offset < strings.count, let length = try strings.stringLength(at: Int(offset)) else {
        return ""
      }
      return String(decoding: try strings.bytes(at: Int(offset), size: length), as: UTF8.self)
    } catch {
      return ""
    }
  }

  /// The name of a type; empty where it has none.
  public func name(of id: TypeID) -> String {
    type(id).map { string(at: $0.nameOffset) } ?? ""
  }

  /// The first type with a name that satisfies a condition.
  ///
  /// - Complexity: O(*n*), *n* the number of types.
  public func firstType(
    named name: String, where condition: (BTFType) -> Bool = { _ in true }
  ) -> TypeID? {
    for (id, type) in types.enumerated()
    where type.nameOffset != 0 && strings.hasString(name, at: Int(type.nameOffset))
      && condition(type)
    {
      return TypeID(id)
    }
    return nil
  }

  /// The data section with a name.
  ///
  /// - Complexity: O(*n*), *n* the number of types.
  func dataSection(named name: String) -> (id: TypeID, variables: [BTFType.SectionVariable])? {
    for (id, type) in types.enumerated() {
      if case .dataSection(_, let variables) = type.kind,
        strings.hasString(name, at: Int(type.nameOffset))
      {
        return (TypeID(id), variables)
      }
    }
    return nil
  }

  /// Gives a data section its size in bytes and the places of its variables.
  mutating func setSection(_ id: TypeID, size: Int, variables: [BTFType.SectionVariable]) {
    types[Int(id)] = BTFType(
      nameOffset: types[Int(id)].nameOffset,
      kind: .dataSection(size: UInt32(clamping: size), variables: variables))
    layouts[Int(id)].size = size
  }
}
