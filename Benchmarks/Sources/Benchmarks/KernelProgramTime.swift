import BPFKit
import Glibc

/// A micro program in the running kernel, as XDP and never attached: what a run takes, and how large its code is.
///
/// SAFETY (whole type): addresses given to the kernel are of memory that lives until the call returns, and as large as the
/// sizes beside them say.
struct KernelProgramTime {
  /// Nanoseconds a run takes, that of getting there included.
  let nanoseconds: Double
  /// The bytes of the kernel's code.
  let codeSize: Int

  /// Nil where bpf(2) is not permitted, and for what the kernel does not accept.
  init?(_ program: Program, packet: [UInt8]) {
    var load = KernelCall()
    let license = Array("GPL".utf8) + [0]
    // An XDP program.
    load.set(6, at: 0)
    load.set(UInt32(program.slots.count), at: 4)
    let loaded = unsafe program.slots.map(\.bits).withUnsafeBytes { words in
      unsafe license.withUnsafeBytes { license in
        unsafe load.set(address: words.baseAddress, at: 8)
        unsafe load.set(address: license.baseAddress, at: 16)
        return unsafe load.call(5)
      }
    }
    guard loaded >= 0 else { return nil }
    let descriptor = Int32(loaded)
    defer { close(descriptor) }
    var best: Double?
    for _ in 0..<15 {
      guard let time = Self.run(descriptor, packet) else { return nil }
      best = min(best ?? .infinity, time)
    }
    guard let best, let size = Self.codeSize(of: descriptor) else { return nil }
    nanoseconds = best
    codeSize = size
  }

  private static func run(_ descriptor: Int32, _ packet: [UInt8]) -> Double? {
    var run = KernelCall()
    run.set(UInt32(bitPattern: descriptor), at: 0)
    run.set(UInt32(packet.count), at: 8)
    run.set(2000, at: 32)
    let result = unsafe packet.withUnsafeBytes { packet in
      unsafe run.set(address: packet.baseAddress, at: 16)
      return unsafe run.call(10)
    }
    return result == 0 ? Double(run.word(at: 36)) : nil
  }

  /// `jited_prog_len` of `struct bpf_prog_info`.
  private static func codeSize(of descriptor: Int32) -> Int? {
    var information = [UInt8](repeating: 0, count: 256)
    var call = KernelCall()
    call.set(UInt32(bitPattern: descriptor), at: 0)
    call.set(UInt32(information.count), at: 4)
    let result = unsafe information.withUnsafeMutableBytes { information in
      unsafe call.set(address: information.baseAddress, at: 8)
      return unsafe call.call(15)
    }
    guard result == 0 else { return nil }
    return (0..<4).reduce(0) { $0 | Int(information[16 + $1]) << (8 * $1) }
  }
}
