/// A place in a program that has to be adjusted to the types of the machine it is loaded on
/// (CO-RE; kernel document `bpf/btf.rst`, `core_relo`).
public struct CoreRelocation: Hashable, Sendable {
  public let section: String
  /// The offset of the instruction in the section, in bytes.
  public let offset: Int
  public let kind: Kind
  /// The type the access starts from, as the object knows it.
  public let type: BTF.TypeID
  /// The type's name, with its kind (`struct sk_buff`).
  public let typeName: String
  /// The path from that type: indices separated by colons, of members, elements or enumerators.
  public let access: String

  /// What about the type is asked for.
  public enum Kind: UInt32, CaseIterable, Hashable, Sendable {
    case fieldByteOffset = 0
    case fieldByteSize = 1
    case fieldExists = 2
    case fieldIsSigned = 3
    case fieldLeftShift = 4
    case fieldRightShift = 5
    case localTypeID = 6
    case targetTypeID = 7
    case typeExists = 8
    case typeSize = 9
    case enumeratorExists = 10
    case enumeratorValue = 11
    case typeMatches = 12

    /// The name of the kernel's constant in lower case, without the `BPF_CORE_` prefix.
    public var name: String {
      switch self {
      case .fieldByteOffset: "field_byte_offset"
      case .fieldByteSize: "field_byte_size"
      case .fieldExists: "field_exists"
      case .fieldIsSigned: "field_signed"
      case .fieldLeftShift: "field_lshift_u64"
      case .fieldRightShift: "field_rshift_u64"
      case .localTypeID: "type_id_local"
      case .targetTypeID: "type_id_target"
      case .typeExists: "type_exists"
      case .typeSize: "type_size"
      case .enumeratorExists: "enumval_exists"
      case .enumeratorValue: "enumval_value"
      case .typeMatches: "type_matches"
      }
    }
  }
}
