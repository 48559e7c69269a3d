import CBPFShims
import Glibc

/// The commands of bpf(2) that the tests use: none that attaches, pins or changes the system.
enum BPFCommand: Int32 {
  case createMap = 0
  case lookUpElement = 1
  case updateElement = 2
  case deleteElement = 3
  case nextKey = 4
  case loadProgram = 5
  case testRun = 10
  case information = 15
  case takeElement = 21
  case loadTypes = 18
  case freezeMap = 22
  case lookUpBatch = 24
  case takeBatch = 25
  case updateBatch = 26
  case deleteBatch = 27
}

/// The arguments of one bpf(2) call (`union bpf_attr`), by offset.
struct BPFAttributes {
  private var bytes = [UInt8](repeating: 0, count: 144)

  mutating func set(_ value: UInt32, at offset: Int) { store(UInt64(value), size: 4, at: offset) }

  mutating func set(_ value: Int32, at offset: Int) { set(UInt32(bitPattern: value), at: offset) }

  mutating func set(_ value: UInt64, at offset: Int) { store(value, size: 8, at: offset) }

  /// Stores the address of memory that stays where it is until the call.
  @unsafe
  mutating func set(_ pointer: UnsafeRawPointer?, at offset: Int) {
    set(UInt64(UInt(bitPattern: pointer)), at: offset)
  }

  /// Stores a name of at most 15 bytes, with what the kernel refuses in one replaced by `_`.
  mutating func setName(_ name: String, at offset: Int) {
    for (index, byte) in name.utf8.prefix(15).enumerated() {
      let scalar = Unicode.Scalar(byte)
      let isAllowed = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      bytes[offset + index] = byte < 0x80 && isAllowed ? byte : UInt8(ascii: "_")
    }
  }

  func word(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
  }

  private mutating func store(_ value: UInt64, size: Int, at offset: Int) {
    for index in 0..<size {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }

  /// Makes the call: its result, or the negated `errno`.
  ///
  /// SAFETY: addresses stored before are of memory that lives until the call returns and is as large as the sizes beside
  /// them say.
  @unsafe
  mutating func call(_ command: BPFCommand) -> Int {
    let size = UInt32(bytes.count)
    return unsafe bytes.withUnsafeMutableBytes { attributes in
      unsafe bpfkit_bpf(command.rawValue, attributes.baseAddress, size)
    }
  }
}

/// A file descriptor that is closed with its owner.
struct KernelDescriptor: ~Copyable {
  let number: Int32

  deinit { close(number) }
}

/// What the kernel refused.
public struct KernelRefusal: Error, CustomStringConvertible {
  public let operation: String
  /// The positive error number.
  public let number: Int32
  /// What the verifier wrote, for a program.
  public let log: String

  public var description: String {
    let name = unsafe String(cString: strerror(number))
    return log.isEmpty ? "\(operation): \(name)" : "\(operation): \(name)\n\(log)"
  }
}
