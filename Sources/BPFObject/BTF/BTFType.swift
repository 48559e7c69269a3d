/// One type of a ``BTF`` table (kernel document `bpf/btf.rst`).
///
/// Names are offsets into the table's strings, decoded by ``BTF/name(of:)`` and its kin when asked for.
public struct BTFType: Hashable, Sendable {
  public let nameOffset: UInt32
  public let kind: Kind

  public enum Kind: Hashable, Sendable {
    /// Id 0: no type.
    case void
    case integer(Integer)
    case pointer(BTF.TypeID)
    case array(element: BTF.TypeID, index: BTF.TypeID, count: UInt32)
    case structure(Composite)
    case union(Composite)
    case enumeration(Enumeration)
    case forward(isUnion: Bool)
    case typedef(BTF.TypeID)
    case volatile(BTF.TypeID)
    case const(BTF.TypeID)
    case restrict(BTF.TypeID)
    case function(prototype: BTF.TypeID, linkage: Linkage)
    case functionPrototype(result: BTF.TypeID, parameters: [Parameter])
    case variable(BTF.TypeID, linkage: Linkage)
    case dataSection(size: UInt32, variables: [SectionVariable])
    /// A floating-point number of so many bytes.
    case float(size: UInt32)
    /// A tag on a type (`component` nil), or on one of its members or parameters.
    case declarationTag(BTF.TypeID, component: UInt32?)
    case typeTag(BTF.TypeID)
  }

  public struct Integer: Hashable, Sendable {
    /// The size in bytes: 1, 2, 4, 8 or 16.
    public let size: UInt32
    public let isSigned: Bool
    public let isCharacter: Bool
    public let isBoolean: Bool
    /// Where the number begins in its bytes and how wide it is, in bits: old compilers describe bitfields so.
    public let bitOffset: UInt8
    public let bits: UInt8
  }

  public struct Composite: Hashable, Sendable {
    /// The size in bytes.
    public let size: UInt32
    public let members: [Member]
  }

  public struct Member: Hashable, Sendable {
    public let nameOffset: UInt32
    public let type: BTF.TypeID
    /// Where the member begins, in bits.
    public let bitOffset: UInt32
    /// The width of a bitfield in bits; nil for a whole member.
    public let bitWidth: UInt8?
  }

  public struct Enumeration: Hashable, Sendable {
    /// The size in bytes: 1, 2, 4 or 8.
    public let size: UInt32
    public let isSigned: Bool
    public let enumerators: [Enumerator]
  }

  public struct Enumerator: Hashable, Sendable {
    public let nameOffset: UInt32
    /// The value, sign-extended where the enumeration is signed.
    public let value: Int64
  }

  public struct Parameter: Hashable, Sendable {
    public let nameOffset: UInt32
    public let type: BTF.TypeID
  }

  /// A variable's place in a section.
  public struct SectionVariable: Hashable, Sendable {
    /// The id of a variable (or, in `.ksyms`, a function).
    public let type: BTF.TypeID
    /// The offset in the section, in bytes.
    public let offset: UInt32
    /// The size in bytes.
    public let size: UInt32
  }

  public enum Linkage: UInt32, Hashable, Sendable {
    case isStatic = 0
    case global = 1
    case extern = 2
  }

  /// The type this one is only another name, qualifier or tag of.
  var modified: BTF.TypeID? {
    switch kind {
    case .typedef(let type), .volatile(let type), .const(let type), .restrict(let type),
      .typeTag(let type):
      type
    case .void, .integer, .pointer, .array, .structure, .union, .enumeration, .forward, .function,
      .functionPrototype, .variable, .dataSection, .float, .declarationTag:
      nil
    }
  }
}
