import BPFRewriter

/// The header of the run area of a compiled program, in which it and the functions it calls tell each other things.
@safe
struct NativeHeader {
  private let base: UnsafeMutableRawPointer

  /// SAFETY: this is the beginning of a run area.
  @unsafe
  init(_ base: UnsafeMutableRawPointer) { unsafe self.base = base }

  // SAFETY: all of these are words of the header.

  private subscript(offset: Int16) -> UInt64 {
    get { unsafe base.load(fromByteOffset: Int(offset), as: UInt64.self) }
    nonmutating set {
      unsafe base.storeBytes(of: newValue, toByteOffset: Int(offset), as: UInt64.self)
    }
  }

  /// The frame that the program runs in.
  @unsafe
  var frame: Unmanaged<ExecutionFrame> {
    get { unsafe base.load(fromByteOffset: Int(TargetABI.runOffset), as: Unmanaged.self) }
    nonmutating set {
      unsafe base.storeBytes(
        of: newValue, toByteOffset: Int(TargetABI.runOffset), as: Unmanaged.self)
    }
  }

  /// The program that was started or last called.
  @unsafe
  var code: Unmanaged<CompiledCode> {
    get { unsafe base.load(fromByteOffset: Int(TargetABI.programOffset), as: Unmanaged.self) }
    nonmutating set {
      unsafe base.storeBytes(
        of: newValue, toByteOffset: Int(TargetABI.programOffset), as: Unmanaged.self)
    }
  }

  /// Whether there is something to give back at the end of the run.
  var keepsSomething: Bool {
    get { self[TargetABI.keepingOffset] != 0 }
    nonmutating set { self[TargetABI.keepingOffset] = newValue ? 1 : 0 }
  }

  /// Runs a program from its entry in the frame that the area belongs to; what it returns.
  ///
  /// SAFETY: the code is of the frame's type, and what it needs is alive.
  @inline(__always)
  @unsafe
  func run(
    _ entry: NativeEntry, of code: Unmanaged<CompiledCode>, workerLimit: Int,
    in frame: ExecutionFrame
  ) -> UInt64 {
    let worker = frame.worker
    precondition(worker < workerLimit, "every map of a program has a slot for its worker")
    self[TargetABI.workerOffset] = UInt64(worker)
    unsafe self.code = code
    let (r1, r2) = frame.nativeArguments
    return unsafe entry(r1, r2, framePointer: UInt64(UInt(bitPattern: base)) &+ Self.firstFrame)
  }

  /// The distance of the outermost function's frame pointer.
  private static var firstFrame: UInt64 { UInt64(TargetABI.headerSize + TargetABI.frameSize) }

  /// The frame pointer of the function that calls a helper.
  var framePointer: UInt64 {
    get { self[TargetABI.framePointerOffset] }
    nonmutating set { self[TargetABI.framePointerOffset] = newValue }
  }

  /// What was said of the helper: its number, or the address of a closure.
  var helper: UInt64 { self[TargetABI.helperOffset] }

  /// Where a helper was last called, in programs that record it.
  var callSite: UInt64 { self[TargetABI.callSiteOffset] }

  /// Gives the program that a tail call leads to its registers.
  func setArguments(_ r1: UInt64, _ r2: UInt64) {
    self[TargetABI.firstArgumentOffset] = r1
    self[TargetABI.secondArgumentOffset] = r2
  }
}
