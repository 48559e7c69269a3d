public import BPFPlatform

/// A helper that a host offers programs: a Swift closure, or a C function.
///
///     let blocked = HostHelper(.init(rawValue: 0x20000), "is_blocked", [.memory, .size]) { arguments in
///       arguments.withBytes(0) { list.contains($0) } ? 1 : 0
///     }
///
/// In C a program declares it by its number: `static long (*is_blocked)(const void *, __u32) = (void *)0x20000;`. The verifier
/// holds calls to the argument kinds, so that the memory given may be read or written as they say.
public struct HostHelper: Sendable {
  public let prototype: HelperPrototype
  let body: Body

  enum Body: Sendable {
    case closure(@Sendable (borrowing HelperArguments) -> UInt64)
    case function(Function)
  }

  /// A C function that takes the values of r1 to r5, where memory is given by host addresses, and returns r0.
  public typealias Function =
    @Sendable @convention(c) (UInt64, UInt64, UInt64, UInt64, UInt64) -> UInt64

  /// A helper whose body is a closure. It runs on the thread of the program that calls it.
  ///
  /// - Parameters:
  ///   - id: Its number, ``HelperID/firstOfHost`` or one of the 4,095 after it.
  ///   - arguments: What its arguments must be: numbers (`anything`), the context, and memory of a constant size or followed by
  ///     its size.
  ///   - programTypes: The types of programs that may call it.
  public init(
    _ id: HelperID, _ name: String, _ arguments: [HelperPrototype.ArgumentKind] = [],
    in programTypes: Set<ProgramType> = Set(ProgramType.allCases),
    body: @escaping @Sendable (borrowing HelperArguments) -> UInt64
  ) {
    prototype = Self.prototype(id, name, arguments, programTypes)
    self.body = .closure(body)
  }

  /// A helper whose body is a C function, which engines call without anything between.
  ///
  /// - Parameters: As for ``init(_:_:_:in:body:)``.
  @unsafe
  public init(
    _ id: HelperID, _ name: String, _ arguments: [HelperPrototype.ArgumentKind] = [],
    in programTypes: Set<ProgramType> = Set(ProgramType.allCases), function: @escaping Function
  ) {
    prototype = Self.prototype(id, name, arguments, programTypes)
    body = .function(function)
  }

  private static func prototype(
    _ id: HelperID, _ name: String, _ arguments: [HelperPrototype.ArgumentKind],
    _ programTypes: Set<ProgramType>
  ) -> HelperPrototype {
    precondition(
      id.rawValue >= HelperID.firstOfHost.rawValue
        && id.rawValue - HelperID.firstOfHost.rawValue < 4096,
      "a host's helpers have the numbers 0x20000 to 0x20fff")
    for (index, argument) in arguments.enumerated() {
      let isLast = index + 1 == arguments.count
      switch argument {
      case .anything, .context, .size, .sizeOrZero, .input, .output, .inputOutput: break
      case .memory, .memoryOrNull, .writableMemory, .writableMemoryOrNull, .uninitializedMemory:
        precondition(
          !isLast && (arguments[index + 1] == .size || arguments[index + 1] == .sizeOrZero),
          "memory is followed by its size")
      case .anythingOrNothing, .contextOrNull, .map, .mapKey, .mapValue, .mapValueOrNull,
        .uninitializedMapValue, .stackOrNull, .reservedRecord, .reservationSize, .constantString,
        .function, .spinLock, .timer, .kernelPointerSlot, .dynptr, .socketCommon,
        .socketCommonOrNull, .socket, .socketOrNull, .kernelObject, .kernelObjectOrNull,
        .perCPUKernelObject:
        preconditionFailure("a host's helpers take numbers, memory and the context")
      }
    }
    return HelperPrototype(
      id: id, name: name, arguments: arguments, result: .integer, programTypes: programTypes)
  }
}

/// What a program passes to a helper of the host.
@safe
public struct HelperArguments: ~Copyable {
  /// The frame the program runs in.
  public let frame: ExecutionFrame
  private let values: (UInt64, UInt64, UInt64, UInt64, UInt64)
  private let prototype: HelperPrototype

  /// SAFETY: the values are as the prototype says, which the verifier or the checked interpreter saw to.
  @unsafe
  init(
    _ values: (UInt64, UInt64, UInt64, UInt64, UInt64), of prototype: HelperPrototype,
    in frame: ExecutionFrame
  ) {
    self.values = values
    self.prototype = prototype
    self.frame = frame
  }

  /// The number passed as an argument, counted from 0.
  public subscript(index: Int) -> UInt64 {
    switch index {
    case 0: values.0
    case 1: values.1
    case 2: values.2
    case 3: values.3
    case 4: values.4
    case _: preconditionFailure("a helper has five arguments at most")
    }
  }

  /// Gives the bytes of an argument that is memory; none for null.
  public func withBytes<Result>(_ index: Int, _ body: (RawSpan) -> Result) -> Result {
    unsafe withMemory(index) { unsafe body(UnsafeRawBufferPointer($0).bytes) }
  }

  /// Gives the bytes of an argument that is memory to be written; none for null.
  public func withMutableBytes<Result>(
    _ index: Int, _ body: (inout MutableRawSpan) -> Result
  ) -> Result {
    switch prototype.arguments[index] {
    case .writableMemory, .writableMemoryOrNull, .uninitializedMemory, .output, .inputOutput: break
    case _: preconditionFailure("argument \(index) of \(prototype.name) is not to be written")
    }
    return unsafe withMemory(index) { memory in
      var bytes = unsafe memory.mutableBytes
      return body(&bytes)
    }
  }

  @unsafe
  private func withMemory<Result>(
    _ index: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result
  ) -> Result {
    let size: Int
    switch prototype.arguments[index] {
    case .input(let bytes), .output(let bytes), .inputOutput(let bytes): size = bytes
    case .memory, .memoryOrNull, .writableMemory, .writableMemoryOrNull, .uninitializedMemory:
      size = Int(UInt32(truncatingIfNeeded: self[index + 1]))
    case _: preconditionFailure("argument \(index) of \(prototype.name) is not memory")
    }
    // SAFETY: the program may use so many bytes at the address, for as long as the call takes.
    let start = unsafe hostPointer(self[index])
    return unsafe body(UnsafeMutableRawBufferPointer(start: start, count: start == nil ? 0 : size))
  }
}

/// The helpers a host offers, by number.
public struct HostHelpers: Sendable {
  private let byNumber: [HostHelper?]

  /// No helpers.
  public init() { byNumber = [] }

  public init(_ helpers: [HostHelper]) {
    let first = HelperID.firstOfHost.rawValue
    let count = helpers.map { Int($0.prototype.id.rawValue - first) + 1 }.max() ?? 0
    var byNumber = [HostHelper?](repeating: nil, count: count)
    for helper in helpers {
      let index = Int(helper.prototype.id.rawValue - first)
      precondition(byNumber[index] == nil, "a host's helpers have different numbers")
      byNumber[index] = helper
    }
    self.byNumber = byNumber
  }

  /// Their prototypes, by rising number.
  public var prototypes: [HelperPrototype] { byNumber.compactMap { $0?.prototype } }

  /// The helper with a number, or nil.
  public subscript(id: HelperID) -> HostHelper? {
    let index = Int(id.rawValue) - Int(HelperID.firstOfHost.rawValue)
    return byNumber.indices.contains(index) ? byNumber[index] : nil
  }
}

extension HostHelper {
  /// Calls the helper.
  ///
  /// SAFETY: the values are as the prototype says.
  @unsafe
  func call(
    _ a1: UInt64, _ a2: UInt64, _ a3: UInt64, _ a4: UInt64, _ a5: UInt64, in frame: ExecutionFrame
  ) -> UInt64 {
    switch body {
    case .closure(let body):
      unsafe body(HelperArguments((a1, a2, a3, a4, a5), of: prototype, in: frame))
    case .function(let function): function(a1, a2, a3, a4, a5)
    }
  }
}
