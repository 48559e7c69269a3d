import BPFJIT
import BPFPlatform

/// The C functions that compiled programs call: with `r1` to `r5` and the address of the run area's header.
///
/// SAFETY (whole file): only compiled code calls them, while it runs in the frame that the header leads to, with arguments
/// that were proved to be what its helpers take.
enum NativeCalls {
  private typealias Function =
    @convention(c) (UInt64, UInt64, UInt64, UInt64, UInt64, UnsafeMutableRawPointer) -> UInt64

  private static func target(_ name: String, _ function: Function) -> CallTable.Target {
    unsafe CallTable.Target(
      name: name, address: UInt64(unsafeBitCast(function, to: UInt.self)))
  }

  /// Any helper that the frame does, by its number.
  static let helper = unsafe target("bpfkit_helper") { r1, r2, r3, r4, r5, header in
    let header = unsafe NativeHeader(header)
    let helper = HelperID(rawValue: Int32(truncatingIfNeeded: header.helper))
    return unsafe header.frame._withUnsafeGuaranteedRef {
      unsafe $0.callHelper(helper, r1, r2, r3, r4, r5)
    }
  }

  /// A closure of the host.
  static let closure = unsafe target("bpfkit_closure") { r1, r2, r3, r4, r5, header in
    let header = unsafe NativeHeader(header)
    guard let bits = unsafe hostPointer(header.helper) else { return 0 }
    return unsafe header.frame._withUnsafeGuaranteedRef { frame in
      unsafe Unmanaged<BoundHelper>.fromOpaque(bits)._withUnsafeGuaranteedRef {
        unsafe $0.helper.call(r1, r2, r3, r4, r5, in: frame)
      }
    }
  }

  /// `HelperID.hashMapLookup`.
  static let hashLookup = unsafe target("bpfkit_hash_lookup") { r1, r2, _, _, _, header in
    unsafe NativeHeader(header).frame._withUnsafeGuaranteedRef { unsafe $0.hashLookup(r1, key: r2) }
  }

  /// `HelperID.prefixMapLookup`.
  static let prefixLookup = unsafe target("bpfkit_prefix_lookup") { r1, r2, _, _, _, header in
    unsafe NativeHeader(header).frame._withUnsafeGuaranteedRef {
      unsafe $0.prefixLookup(r1, key: r2)
    }
  }

  static let tailCall = unsafe target("bpfkit_tail_call") { r1, r2, r3, header, _, _ in
    guard let bits = unsafe UnsafeMutableRawPointer(bitPattern: UInt(header)) else { return 0 }
    let header = unsafe NativeHeader(bits)
    return unsafe machine(header).tailCall(r2, index: UInt32(truncatingIfNeeded: r3), header)
  }

  static let loop = unsafe target("bpfkit_loop") { r1, r2, r3, r4, _, header in
    let header = unsafe NativeHeader(header)
    guard r4 == 0,
      let callback = unsafe NativeCallback(r2, framePointer: header.framePointer)
    else { return KernelError.invalidArgument.result }
    let count = UInt32(truncatingIfNeeded: r1)
    guard count <= CheckedMachine.maximumLoops else { return KernelError.tooBig.result }
    unsafe machine(header).record(header)
    for index in 0..<UInt64(count) where callback(index, r3) != 0 { return index + 1 }
    return UInt64(count)
  }

  static let forEachElement = unsafe target("bpfkit_for_each_element") {
    r1, r2, r3, r4, _, header in
    let header = unsafe NativeHeader(header)
    guard r4 == 0,
      let callback = unsafe NativeCallback(r2, framePointer: header.framePointer)
    else { return KernelError.invalidArgument.result }
    return unsafe machine(header).forEachElement(of: r1, context: r3, header, callback)
  }

  static let drainSamples = unsafe target("bpfkit_drain_samples") { r1, r2, r3, r4, _, header in
    let header = unsafe NativeHeader(header)
    guard UserRing.allows(flags: r4), let bits = unsafe hostPointer(r1),
      let callback = unsafe NativeCallback(r2, framePointer: header.framePointer),
      let ring = unsafe Unmanaged<Map>.fromOpaque(bits)
        ._withUnsafeGuaranteedRef({ $0.sampleRing })
    else { return KernelError.invalidArgument.result }
    return unsafe machine(header).drainSamples(
      of: ring, context: r3, flags: r4, header, callback)
  }

  static let timer = unsafe target("bpfkit_timer") { r1, r2, r3, _, _, header in
    let header = unsafe NativeHeader(header)
    return unsafe machine(header).callTimer(
      HelperID(rawValue: Int32(truncatingIfNeeded: header.helper)), r1, r2, r3)
  }

  /// What a tail call leads to whose target was interpreted: returns what that returned.
  static let interpreted = unsafe target("bpfkit_interpreted") { r1, _, _, _, _, _ in r1 }

  @unsafe
  private static func machine(_ header: NativeHeader) -> NativeMachine {
    unsafe header.frame._withUnsafeGuaranteedRef { frame in
      guard let machine = frame.nativeMachine else {
        preconditionFailure("a frame that runs compiled code has its state")
      }
      return machine
    }
  }
}
