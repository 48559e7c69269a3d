/// What a `struct bpf_dynptr` of a program holds: a piece of memory whose size is known at run time only.
///
/// 16 bytes that programs keep on their stack and may not look into.
struct Dynptr {
  /// The host's address of the first byte; 0 for the null dynptr, which points at nothing.
  var data: UInt64 = 0
  /// The number of bytes, less than 2²⁴.
  private var bits: UInt32 = 0
  /// A number of the engine's: what region of the program's memory the bytes are in.
  var region: UInt32 = 0

  /// Linux's `DYNPTR_MAX_SIZE`.
  static let maximumSize = 1 << 24 - 1
  private static let readOnly: UInt32 = 1 << 31
  private static let ofRing: UInt32 = 1 << 30

  init() {}

  /// SAFETY: `count` is at most ``maximumSize``, and memory as large is at `data` for as long as the program has it.
  @unsafe
  init(data: UnsafeMutableRawPointer, count: Int, isReadOnly: Bool = false) {
    self.data = UInt64(UInt(bitPattern: data))
    bits = UInt32(count) | (isReadOnly ? Self.readOnly : 0)
  }

  var count: UInt64 { UInt64(bits & UInt32(Self.maximumSize)) }
  var isReadOnly: Bool { bits & Self.readOnly != 0 }
  /// Whether it was made for a record of a ring buffer, which it has to be released with.
  var isOfRing: Bool {
    get { bits & Self.ofRing != 0 }
    set { bits = newValue ? bits | Self.ofRing : bits & ~Self.ofRing }
  }

  /// The host's address of a piece, or nil where the dynptr is null or the piece is not inside.
  @unsafe
  func piece(at offset: UInt64, count pieceCount: UInt64) throws(KernelError)
    -> UnsafeMutableRawPointer
  {
    guard let base = unsafe hostPointer(data) else { throw .invalidArgument }
    guard pieceCount <= count, offset <= count - pieceCount else { throw .tooBig }
    return unsafe base + Int(offset)
  }
}
