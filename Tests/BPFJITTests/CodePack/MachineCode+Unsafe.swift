import Glibc

@testable import BPFJIT

/// Small images of x86-64, and what memory holds where they lie.
///
/// SAFETY (whole file): addresses are those of code that the test keeps, or of mapped memory of its packs.
enum SmallImage {
  /// `mov eax, number; ret`, and traps up to `byteCount`.
  static func returning(_ number: UInt32, byteCount: Int = 6) -> [UInt8] {
    let code = [0xb8] + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } + [0xc3]
    return code + [UInt8](repeating: 0xcc, count: byteCount - code.count)
  }

  static func run(_ code: InstalledCode) -> UInt32 {
    typealias Function = @convention(c) () -> UInt32
    return withExtendedLifetime(code) {
      unsafe unsafeBitCast(code.address, to: Function.self)()
    }
  }

  /// An image that returns a number, allocated, written and finalized.
  static func install(
    _ number: UInt32, byteCount: Int = 6, in packs: CodePacks, randomizesStart: Bool = false
  ) throws -> InstalledCode {
    var allocation = try packs.allocate(byteCount, randomizesStart: randomizesStart)
    let image = returning(number, byteCount: byteCount)
    unsafe allocation.write(image.span.bytes)
    return try allocation.finalize()
  }

  static func bytes(at address: UInt, count: Int) -> [UInt8] {
    guard let start = unsafe UnsafeRawPointer(bitPattern: address) else { return [] }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }

  /// A file that may be executed but not written: this program's own.
  static func readOnlyFile() -> Int32 { unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC) }
}
