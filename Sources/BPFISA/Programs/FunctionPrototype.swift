/// What a global function takes and gives, by the types it is declared with (kernel document `bpf/btf.rst`,
/// `BTF_KIND_FUNC_PROTO`): all that its callers and itself may rely on.
public struct FunctionPrototype: Hashable, Sendable {
  public let parameters: [Parameter]
  public let result: Result

  public init(parameters: [Parameter], result: Result) {
    self.parameters = parameters
    self.result = result
  }

  public struct Parameter: Hashable, Sendable {
    public let kind: Kind
    /// What its declaration tags say of it.
    public let tags: Tags

    public init(_ kind: Kind, tags: Tags = []) {
      self.kind = kind
      self.tags = tags
    }

    public enum Kind: Hashable, Sendable {
      /// An integer or an enumeration.
      case number
      case pointer(Pointee)
      /// Anything else: a structure by value, a floating-point number.
      case other
    }
  }

  /// What a parameter points to, behind typedefs and qualifiers.
  public struct Pointee: Hashable, Sendable {
    public let kind: Kind
    /// The size in bytes; nil of what has none, or is only declared.
    public let size: Int?

    public init(_ kind: Kind, size: Int?) {
      self.kind = kind
      self.size = size
    }

    public enum Kind: Hashable, Sendable {
      case void
      /// An integer or an enumeration.
      case number
      /// A structure or union by its name, which is empty where it has none.
      case structure(String)
      /// Anything else: an array, another pointer, a function.
      case other
    }
  }

  /// The declaration tags of a parameter (`arg:nonnull` and its kin).
  public struct Tags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It is the context, whatever it is declared to point to.
    public static let context = Tags(rawValue: 1)
    public static let nonNull = Tags(rawValue: 2)
    public static let nullable = Tags(rawValue: 4)
    /// It points to an object of the kernel.
    public static let trusted = Tags(rawValue: 8)
    /// It may be any address: what is read through it may fault.
    public static let untrusted = Tags(rawValue: 16)
    /// It points into an arena.
    public static let arena = Tags(rawValue: 32)
    /// A tag that there is none of.
    public static let unknown = Tags(rawValue: 64)

    /// The tag of a name, without `arg:`.
    public init(name: String) {
      self =
        switch name {
        case "ctx": .context
        case "nonnull": .nonNull
        case "nullable": .nullable
        case "trusted": .trusted
        case "untrusted": .untrusted
        case "arena": .arena
        case _: .unknown
        }
    }
  }

  public enum Result: Hashable, Sendable {
    case nothing
    /// An integer or an enumeration.
    case number
    case other
  }
}
