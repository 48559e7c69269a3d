/// What a map is to be: its declaration, without any host state.
public struct MapSpec: Hashable, Sendable {
  public var name: String
  public var kind: MapKind
  /// The size of a key in bytes.
  public var keySize: Int
  /// The size of a value in bytes; for a per-CPU map, of the value of one CPU.
  public var valueSize: Int
  public var maxEntries: Int
  public var flags: MapFlags
  /// What the maps in this map of maps look like.
  public var inner: Box<MapSpec>?
  /// What the kernel keeps for itself in each value, by rising offset: its lock, its timer, pointers. Found through BTF.
  public var specialFields: [SpecialField] = []
  /// Contents the declaration gives, as a program array's slots or a data section's bytes.
  public var contents: [InitialEntry]
  /// The ids of the key's and the value's type in the object's BTF, if the declaration names them.
  public var keyTypeID: UInt32?
  public var valueTypeID: UInt32?
  /// The declared `pinning` value; 0 where there is none. Nothing is ever pinned: it is kept for reports.
  public var pinning: UInt32
  /// The `map_extra` value, whose meaning depends on the kind.
  public var extra: UInt64
  /// Whether programs and hosts may not change it once its initial contents are set (`.rodata`).
  public var isFrozen: Bool

  public init(
    name: String, kind: MapKind, keySize: Int, valueSize: Int, maxEntries: Int,
    flags: MapFlags = [], inner: MapSpec? = nil, contents: [InitialEntry] = [],
    keyTypeID: UInt32? = nil, valueTypeID: UInt32? = nil, pinning: UInt32 = 0, extra: UInt64 = 0,
    isFrozen: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
    self.flags = flags
    self.inner = inner.map(Box.init)
    self.contents = contents
    self.keyTypeID = keyTypeID
    self.valueTypeID = valueTypeID
    self.pinning = pinning
    self.extra = extra
    self.isFrozen = isFrozen
  }

  /// A part of a value that programs and hosts do not read or write as bytes.
  public struct SpecialField: Hashable, Sendable {
    public var kind: Kind
    /// Where in the value it begins, in bytes.
    public var offset: Int

    public init(_ kind: Kind, offset: Int) {
      self.kind = kind
      self.offset = offset
    }

    public enum Kind: Hashable, Sendable {
      /// `struct bpf_spin_lock`, at most one in a value.
      case spinLock
      /// `struct bpf_timer`, at most one in a value.
      case timer
      /// `struct bpf_wq`, at most one in a value.
      case workQueue
      /// A pointer to an object of the kernel (`__kptr` and its like).
      case kernelPointer
      /// `struct bpf_list_head`.
      case listHead
      /// `struct bpf_rb_root`.
      case treeRoot
      /// `struct bpf_refcount`.
      case referenceCount

      /// The size in bytes.
      public var size: Int {
        switch self {
        case .spinLock, .referenceCount: 4
        case .kernelPointer: 8
        case .timer, .workQueue, .listHead, .treeRoot: 16
        }
      }
    }
  }

  /// One entry a declaration gives.
  public struct InitialEntry: Hashable, Sendable {
    /// The key's bytes, as long as `keySize` says.
    public var key: [UInt8]
    public var value: Value

    public init(key: [UInt8], value: Value) {
      self.key = key
      self.value = value
    }

    public enum Value: Hashable, Sendable {
      case bytes([UInt8])
      /// A program of the same object, by name: a slot of a program array.
      case program(String)
      /// A map of the same object, by name: a slot of a map of maps.
      case map(String)
    }
  }
}

/// A value kept out of line, so that a type can hold one of itself.
public final class Box<Value: Hashable & Sendable>: Hashable, Sendable {
  public let value: Value

  public init(_ value: Value) { self.value = value }

  public static func == (left: Box, right: Box) -> Bool { left.value == right.value }

  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// Flags a map is created with (`BPF_F_…` in `linux/bpf.h`).
@frozen
public struct MapFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let noPreallocation = MapFlags(rawValue: 1 << 0)
  public static let noCommonLRU = MapFlags(rawValue: 1 << 1)
  public static let numaNode = MapFlags(rawValue: 1 << 2)
  /// Read only for the host's map operations.
  public static let readOnly = MapFlags(rawValue: 1 << 3)
  /// Write only for the host's map operations.
  public static let writeOnly = MapFlags(rawValue: 1 << 4)
  public static let stackBuildID = MapFlags(rawValue: 1 << 5)
  public static let zeroSeed = MapFlags(rawValue: 1 << 6)
  /// Read only for programs.
  public static let readOnlyForPrograms = MapFlags(rawValue: 1 << 7)
  /// Write only for programs.
  public static let writeOnlyForPrograms = MapFlags(rawValue: 1 << 8)
  public static let clone = MapFlags(rawValue: 1 << 9)
  public static let memoryMappable = MapFlags(rawValue: 1 << 10)
  public static let preserveElements = MapFlags(rawValue: 1 << 11)
  public static let innerMap = MapFlags(rawValue: 1 << 12)
  public static let link = MapFlags(rawValue: 1 << 13)
}
