import BPFISA
import BPFPlatform

/// Types given to the kernel (BTF, kernel document `bpf/btf.rst`), as few as it asks for.
struct KernelTypes {
  private var words: [UInt32] = []
  private var strings: [UInt8] = [0]
  /// The number of the type added last.
  private(set) var last: UInt32 = 0

  enum Kind: UInt32 {
    case integer = 1
    case pointer = 2
    case array = 3
    case structure = 4
    case forward = 7
    case function = 12
    case functionPrototype = 13
    case float = 16
    case declarationTag = 17
  }

  /// Adds a type.
  ///
  /// - Parameters:
  ///   - size: its size in bytes, or the type it is made from.
  ///   - count: the number of its members; of a function, whether it is global.
  ///   - rest: what follows the first three words of its kind.
  /// - Returns: its number.
  @discardableResult
  mutating func add(
    _ kind: Kind, _ name: String = "", size: UInt32, count: UInt32 = 0, rest: [UInt32] = []
  ) -> UInt32 {
    words += [string(name), kind.rawValue << 24 | count, size] + rest
    last += 1
    return last
  }

  /// The place of a name among the strings.
  mutating func string(_ name: String) -> UInt32 {
    if name.isEmpty { return 0 }
    let place = UInt32(truncatingIfNeeded: strings.count)
    strings += Array(name.utf8) + [0]
    return place
  }

  /// Gives them to the kernel.
  func load() throws(SystemError) -> KernelDescriptor {
    let typeSize = UInt32(truncatingIfNeeded: 4 * words.count)
    let header: [UInt32] = [
      0x0001_eb9f, 24, 0, typeSize, typeSize, UInt32(truncatingIfNeeded: strings.count),
    ]
    let bytes =
      (header + words).flatMap { word in
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
      } + strings
    var call = KernelCall()
    call.set(UInt32(truncatingIfNeeded: bytes.count), at: 16)
    // SAFETY: the kernel reads as many bytes as the array has.
    let result = unsafe bytes.withUnsafeBytes { bytes in
      unsafe call.set(bytes.baseAddress, at: 0)
      return Result { () throws(SystemError) in try unsafe call.make(.loadTypes) }
    }
    return KernelDescriptor(try result.get())
  }
}

/// Types for a map whose values have a lock or a timer, which the kernel finds through them.
struct KernelMapTypes {
  let descriptor: KernelDescriptor
  let key: UInt32
  let value: UInt32

  /// Nil for a map without such fields, or with others than these.
  init?(_ spec: MapSpec) throws(SystemError) {
    guard !spec.specialFields.isEmpty else { return nil }
    var types = KernelTypes()
    let word = types.add(.integer, "unsigned int", size: 4, rest: [32])
    let double = types.add(.integer, "unsigned long long", size: 8, rest: [64])
    let pair = types.add(.array, size: 0, rest: [double, word, 2])
    let lock = types.add(
      .structure, "bpf_spin_lock", size: 4, count: 1, rest: [types.string("val"), word, 0])
    let timer = types.add(
      .structure, "bpf_timer", size: 16, count: 1, rest: [types.string("opaque"), pair, 0])
    key =
      spec.keySize == 4
      ? word : types.add(.structure, "key", size: UInt32(clamping: spec.keySize))
    var members: [UInt32] = []
    for (index, field) in spec.specialFields.enumerated() {
      let type: UInt32
      switch field.kind {
      case .spinLock: type = lock
      case .timer: type = timer
      case .workQueue, .kernelPointer, .listHead, .treeRoot, .referenceCount: return nil
      }
      members += [
        types.string("field\(index)"), type, UInt32(truncatingIfNeeded: field.offset &* 8),
      ]
    }
    value = types.add(
      .structure, "value", size: UInt32(clamping: spec.valueSize),
      count: UInt32(truncatingIfNeeded: spec.specialFields.count), rest: members)
    descriptor = try types.load()
  }
}
