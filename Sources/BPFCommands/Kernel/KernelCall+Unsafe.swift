import CBPFShims

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One call of bpf(2), of the few commands that ask the kernel for its verdict: nothing is attached, pinned or run.
struct KernelCall {
  enum Command: Int32 {
    case createMap = 0
    case updateElement = 2
    case loadProgram = 5
    case loadTypes = 18
    case freezeMap = 22
  }

  /// `union bpf_attr`, as 8-byte words.
  private var words = [UInt64](repeating: 0, count: 18)

  /// Stores 4 bytes at an offset, which is a multiple of 4.
  mutating func set(_ value: UInt32, at offset: Int) {
    let shift = UInt64(offset & 4) * 8
    words[offset / 8] = words[offset / 8] & ~(0xffff_ffff << shift) | UInt64(value) << shift
  }

  mutating func set(_ value: Int32, at offset: Int) { set(UInt32(bitPattern: value), at: offset) }

  /// Stores 8 bytes at an offset, which is a multiple of 8.
  mutating func set(_ value: UInt64, at offset: Int) { words[offset / 8] = value }

  /// Stores the address of memory that stays where it is until the call.
  @unsafe
  mutating func set(_ pointer: UnsafeRawPointer?, at offset: Int) {
    set(UInt64(UInt(bitPattern: pointer)), at: offset)
  }

  /// Stores a name of at most 15 bytes, with what the kernel refuses in one replaced by `_`.
  mutating func setName(_ name: String, at offset: Int) {
    for (index, byte) in name.utf8.prefix(15).enumerated() {
      let isAllowed: Bool =
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        case _: false
        }
      let place = offset + index
      words[place / 8] |= UInt64(isAllowed ? byte : UInt8(ascii: "_")) << UInt64(place % 8 * 8)
    }
  }

  /// Makes the call.
  ///
  /// SAFETY: addresses stored before are of memory that lives until the call returns and is as large as the sizes beside
  /// them say.
  ///
  /// - Returns: the call's result.
  @unsafe
  mutating func make(_ command: Command) throws(SystemError) -> Int32 {
    let result = unsafe words.withUnsafeMutableBytes { attributes in
      unsafe bpfkit_bpf(command.rawValue, attributes.baseAddress, UInt32(attributes.count))
    }
    guard result >= 0 else { throw SystemError(number: Int32(truncatingIfNeeded: -result)) }
    return Int32(truncatingIfNeeded: result)
  }
}

/// A map, a program or types of the kernel, which go when nobody holds their descriptor.
final class KernelDescriptor {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { _ = close(number) }
}
