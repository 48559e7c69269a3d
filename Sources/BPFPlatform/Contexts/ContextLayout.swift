/// What a program sees of its context, and where the runtime keeps it.
///
/// The program's view is a kernel structure (`struct xdp_md`, `struct __sk_buff`) or a host's own; each field of
/// the view is stored at another place in the runtime's context structure, where a packet pointer takes 64 bits.
/// The checked interpreter, the verifier and the rewriter all read this one description.
public struct ContextLayout: Hashable, Sendable {
  /// The structure's name, as in C.
  public let name: String
  /// The size of the program's view in bytes.
  public let size: Int
  /// The fields by rising offset, not overlapping.
  public let fields: [Field]
  /// The size of the runtime structure in bytes.
  public let storageSize: Int

  public init(name: String, size: Int, storageSize: Int, fields: [Field]) {
    precondition(
      zip(fields, fields.dropFirst()).allSatisfy { $0.offset + $0.size <= $1.offset },
      "fields are given by rising offset and do not overlap")
    precondition(
      fields.allSatisfy {
        $0.offset + $0.size <= size && $0.storage.offset + $0.storage.size <= storageSize
      },
      "fields lie inside their structures")
    precondition(
      max(size, storageSize) <= 1 << 15,
      "an instruction reaches every field from the structure's start")
    self.name = name
    self.size = size
    self.storageSize = storageSize
    self.fields = fields
  }

  /// One field of the view.
  public struct Field: Hashable, Sendable {
    public let name: String
    /// The offset in the program's view, in bytes.
    public let offset: Int
    /// The size in the program's view, in bytes. An array field is one field of its whole size.
    public let size: Int
    /// The largest single access, in bytes; less than `size` for an array.
    public let elementSize: Int
    /// How many of its first bytes can hold something: what the kernel has of the value; others are 0. A read of as many
    /// or more gives them, wherever in the field it is.
    public let valueSize: Int
    /// Whether a write of all ones or more than ``valueSize`` bytes hold changes nothing, instead of losing what is too much.
    public let ignoresLargeValues: Bool
    public let access: Access
    public let kind: Kind
    /// Where the runtime structure keeps it.
    public let storage: Storage

    public init(
      name: String, offset: Int, size: Int, elementSize: Int? = nil, valueSize: Int? = nil,
      ignoresLargeValues: Bool = false, access: Access, kind: Kind, storage: Storage
    ) {
      self.name = name
      self.offset = offset
      self.size = size
      self.elementSize = elementSize ?? size
      self.valueSize = valueSize ?? elementSize ?? size
      self.ignoresLargeValues = ignoresLargeValues
      self.access = access
      self.kind = kind
      self.storage = storage
    }
  }

  /// What a program may do with a field.
  public struct Access: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let read = Access(rawValue: 1)
    public static let write = Access(rawValue: 2)
    public static let readWrite: Access = [.read, .write]
    /// A read may be narrower than the field (1, 2 or 4 bytes at any multiple of its size).
    public static let narrowRead = Access(rawValue: 4)
    /// A write may be narrower than the field.
    public static let narrowWrite = Access(rawValue: 8)
  }

  /// What a field holds.
  public enum Kind: Hashable, Sendable {
    case scalar
    /// The address of the packet's first byte.
    case packetStart
    /// The address after the packet's last byte.
    case packetEnd
    /// The address of the metadata before the packet.
    case packetMetadataStart
    /// The address of a kernel object, or null.
    case pointer(to: String)
  }

  /// A place in the runtime structure.
  public struct Storage: Hashable, Sendable {
    public let offset: Int
    public let size: Int

    public init(offset: Int, size: Int) {
      self.offset = offset
      self.size = size
    }
  }

  /// The field that holds the byte at an offset of the view.
  ///
  /// - Complexity: O(log *n*), *n* the number of fields.
  public func field(at offset: Int) -> Field? {
    var low = 0
    var high = fields.count
    while low < high {
      let middle = (low + high) / 2
      if fields[middle].offset + fields[middle].size <= offset {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < fields.count, fields[low].offset <= offset else { return nil }
    return fields[low]
  }

  /// The field of a name.
  public func field(named name: String) -> Field? {
    fields.first { $0.name == name }
  }
}

extension ContextLayout.Field {
  /// Whether a program may access the field at an offset of the view, with a size in bytes and a direction.
  ///
  /// The access is aligned to its size. It takes the whole field or one element of an array, or less where the
  /// field allows narrow accesses.
  public func permits(offset: Int, size: Int, isWrite: Bool) -> Bool {
    ContextLayout.permits(
      access: access, fieldOffset: self.offset, fieldSize: self.size, elementSize: elementSize,
      offset: offset, size: size, isWrite: isWrite)
  }
}

extension ContextLayout {
  /// Where in the view the bytes are that an access finds, for a field given by its parts.
  @inlinable
  public static func storageOffset(
    ofAccessAt offset: Int, size: Int, fieldOffset: Int, isShort: Bool, valueSize: Int
  ) -> Int {
    // A part of a field that can hold all of its value is its value.
    isShort && size >= valueSize ? fieldOffset : offset
  }

  /// The rule of ``Field/permits(offset:size:isWrite:)``, for a field given by its parts.
  public static func permits(
    access: Access, fieldOffset: Int, fieldSize: Int, elementSize: Int, offset: Int, size: Int,
    isWrite: Bool
  ) -> Bool {
    guard access.contains(isWrite ? .write : .read), offset >= fieldOffset,
      offset + size <= fieldOffset + fieldSize, offset % size == 0, size <= elementSize
    else { return false }
    return size == elementSize || access.contains(isWrite ? .narrowWrite : .narrowRead)
  }
}
