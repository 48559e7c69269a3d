/// The parts of an ELF relocatable file (ELF-64 Object File Format, version 1.5).
public enum ELF {
  /// A section header's `sh_type`, where BPF objects give it a meaning.
  public enum SectionKind: Hashable, Sendable {
    case null, programBits, symbolTable, stringTable, relocationsWithAddends, relocations
    /// Zero bytes that take no room in the file.
    case noBits
    case other(UInt32)

    init(_ value: UInt32) {
      self =
        switch value {
        case 0: .null
        case 1: .programBits
        case 2: .symbolTable
        case 3: .stringTable
        case 4: .relocationsWithAddends
        case 8: .noBits
        case 9: .relocations
        default: .other(value)
        }
    }
  }

  /// A section of the file.
  public struct Section: Hashable, Sendable {
    public let index: Int
    public let name: String
    public let kind: SectionKind
    /// The `sh_flags` word.
    public let flags: UInt64
    /// Where the contents begin in the file, in bytes.
    public let offset: Int
    /// The size in bytes; of a ``SectionKind/noBits`` section, the size it would have.
    public let size: Int
    public let link: UInt32
    public let info: UInt32
    /// The size of one entry in bytes, of sections that are tables; else 0.
    public let entrySize: UInt64

    /// Whether it is part of the program's memory (`SHF_ALLOC`).
    public var isAllocated: Bool { flags & 2 != 0 }
    /// Whether it is writable (`SHF_WRITE`).
    public var isWritable: Bool { flags & 1 != 0 }
    /// Whether it holds instructions (`SHF_EXECINSTR`).
    public var isExecutable: Bool { flags & 4 != 0 && kind == .programBits }

    /// The bytes of the file it takes: none for a section without bits.
    var range: Range<Int> {
      kind == .noBits || kind == .null ? 0..<0 : offset..<offset + size
    }
  }

  /// A symbol of the symbol table.
  public struct Symbol: Hashable, Sendable {
    public let index: Int
    /// The name; of a section's symbol, the section's name.
    public let name: String
    /// The offset in the section, in bytes.
    public let value: UInt64
    /// The size in bytes; old compilers leave it 0.
    public let size: UInt64
    public let binding: Binding
    public let visibility: Visibility
    public let kind: Kind
    public let place: Place

    public enum Binding: Hashable, Sendable {
      case local, global, weak
      case other(UInt8)
    }

    /// Which other objects may refer to it.
    public enum Visibility: UInt8, Hashable, Sendable {
      case `default` = 0
      case `internal` = 1
      case hidden = 2
      case protected = 3
    }

    public enum Kind: Hashable, Sendable {
      /// No type: labels, undefined symbols, and everything old compilers write.
      case none
      case object, function, section, file
      case other(UInt8)
    }

    /// What the symbol's value counts from.
    public enum Place: Hashable, Sendable {
      /// Defined elsewhere: by the kernel, or by the host.
      case undefined
      case section(Int)
      case absolute
      case common
      /// A reserved section number without meaning here.
      case reserved(UInt16)
    }

    /// Whether the symbol is defined in the section with this index.
    func isIn(_ section: Int) -> Bool { place == .section(section) }
  }

  /// A relocation (LLVM document `BPF/relocations`; kernel document `bpf/llvm_reloc.rst`).
  public struct Relocation: Hashable, Sendable {
    /// The index of the section it changes.
    public let section: Int
    /// The offset in that section, in bytes.
    public let offset: Int
    public let kind: Kind
    /// The index of the symbol it refers to.
    public let symbol: Int
    /// The addend of a relocation with one (RELA); nil where it lies in the bytes to change (REL).
    public let addend: Int64?

    public enum Kind: UInt32, CaseIterable, Hashable, Sendable {
      /// Old compilers give code relocations this number too; what is meant shows from the instruction.
      case none = 0
      /// A 16-byte load immediate.
      case immediate64 = 1
      /// 8 bytes of data.
      case absolute64 = 2
      /// 4 bytes of data.
      case absolute32 = 3
      /// 4 bytes of BTF, which a dynamic linker leaves alone.
      case debug32 = 4
      /// A call.
      case call32 = 10

      /// The number's name in LLVM.
      public var name: String {
        switch self {
        case .none: "R_BPF_NONE"
        case .immediate64: "R_BPF_64_64"
        case .absolute64: "R_BPF_64_ABS64"
        case .absolute32: "R_BPF_64_ABS32"
        case .debug32: "R_BPF_64_NODYLD32"
        case .call32: "R_BPF_64_32"
        }
      }
    }
  }
}
