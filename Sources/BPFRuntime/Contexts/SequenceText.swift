/// A text that programs append to with `bpf_seq_printf` and `bpf_seq_write`: what a `struct seq_file` is in the kernel.
public struct SequenceText: Hashable, Sendable {
  /// The most bytes that are kept: one less than the kernel's buffer would have.
  public let capacity: Int
  /// What a program passes as the file: a number that stands for this text, and where nothing can be read.
  ///
  /// The host tells it to programs, in a map's value or in their memory.
  public let address: UInt64
  /// What was written.
  public private(set) var bytes: [UInt8] = []
  /// Whether something did not fit. It was left out as a whole, as was everything after it.
  public private(set) var hasOverflowed = false

  public init(capacity: Int, address: UInt64 = 0xffff_8880_0200_0000) {
    precondition(capacity >= 0, "a text has room for no bytes at least")
    self.capacity = capacity
    self.address = address
  }

  /// The bytes there is room for; -1 after an overflow.
  var room: Int { hasOverflowed ? -1 : capacity - bytes.count }

  /// Appends bytes that fit.
  mutating func append(_ more: [UInt8]) {
    precondition(more.count <= room, "what does not fit is not appended")
    bytes += more
  }

  /// Takes no more.
  mutating func overflow() { hasOverflowed = true }
}
