import Glibc

/// A micro program's C, compiled for this machine by the toolchain's clang.
@safe
struct NativeProgram {
  private typealias Function = @convention(c) (UnsafeRawPointer, UInt64) -> UInt64

  private let function: Function

  /// The function of a name in a shared library; nil where there is no such library.
  init?(_ name: String, in path: String) {
    // The library stays loaded.
    guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL),
      let symbol = unsafe dlsym(library, name)
    else { return nil }
    unsafe function = unsafeBitCast(symbol, to: Function.self)
  }

  func callAsFunction(_ memory: UnsafeRawBufferPointer) -> UInt64 {
    unsafe function(memory.baseAddress.unsafelyUnwrapped, UInt64(memory.count))
  }
}
