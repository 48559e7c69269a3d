import BPFKit
import Glibc

/// What the running kernel's own map takes for the same keys: a program that loops over them, run with BPF_PROG_TEST_RUN
/// and never attached, less the same loop without its call.
///
/// SAFETY (whole type): addresses given to the kernel are of memory that lives until the call returns, and as large as the
/// sizes beside them say.
@safe
final class KernelMapTimes {
  enum Operation {
    /// What is found is read.
    case lookup
    case update
  }

  private let map: Int32
  /// An array whose one value holds a 0 and then all keys, as often as it takes for a power of two. A loop counts from the 0:
  /// if the kernel knew where it starts, it would go through all of it before it takes the program.
  private var keys: Int32 = -1
  private var keyCount = 1

  /// Makes the map and puts keys in, each given in 8 bytes; nil where bpf(2) is not permitted.
  init?(_ spec: MapSpec, contents: [UInt64]) {
    map = Self.makeMap(
      kind: spec.kind, keySize: spec.keySize, valueSize: spec.valueSize,
      entries: spec.maxEntries, flags: spec.flags)
    guard map >= 0 else { return nil }
    for key in contents {
      guard Self.set([key], [1], in: map) else { return nil }
    }
  }

  deinit {
    for descriptor in [map, keys] where descriptor >= 0 { close(descriptor) }
  }

  /// Nanoseconds for one call, with keys in the order in which they are used; nil where the kernel refuses the program.
  func time(_ operation: Operation, keys list: [UInt64]) -> Double? {
    guard use(list) else { return nil }
    let rounds = max(keyCount, 500_000 / keyCount * keyCount)
    // The kernel ends a loop that takes longer than a quarter of a second.
    return least(operation, rounds: rounds) ?? least(operation, rounds: rounds / 8)
  }

  private func least(_ operation: Operation, rounds: Int) -> Double? {
    var best: Double?
    for _ in 0..<9 {
      guard let whole = run(operation, rounds: rounds), let empty = run(nil, rounds: rounds) else {
        return best
      }
      best = min(best ?? .infinity, whole - empty)
    }
    return best
  }

  // MARK: Programs

  /// Nanoseconds a round takes.
  private func run(_ operation: Operation?, rounds: Int) -> Double? {
    let call =
      switch operation {
      case .lookup: "call 1\nif r0 == 0 goto next\nr1 = *(u64 *)(r0 + 0)\nr8 += r1"
      case .update: "r3 = r10\nr3 += -8\nr4 = 0\ncall 2"
      case nil: "r1 = *(u64 *)(r2 + 0)\nr8 += r1"
      }
    let text = """
      *(u64 *)(r10 - 8) = 1
      r6 = map[fd:\(keys)][0]+0
      r7 = *(u64 *)(r6 + 0)
      r6 += 8
      r8 = 0
      again: may_goto out
      if r7 >= \(rounds) goto out
      r3 = r7
      r3 &= \(keyCount - 1)
      r3 <<= 3
      r2 = r6
      r2 += r3
      r1 = map[fd:\(map)]
      \(call)
      next: r7 += 1
      goto again
      out: r0 = r7
      exit
      """
    guard let slots = try? Assembler.assemble(text) else {
      preconditionFailure("the loop is a program")
    }
    guard let program = load(slots) else { return nil }
    defer { close(program) }
    var attributes = KernelCall()
    let packet = [UInt8](repeating: 0, count: 64)
    attributes.set(UInt32(bitPattern: program), at: 0)
    attributes.set(UInt32(packet.count), at: 8)
    attributes.set(UInt32(1), at: 32)
    let result = unsafe packet.withUnsafeBytes { packet in
      unsafe attributes.set(address: packet.baseAddress, at: 16)
      return unsafe attributes.call(10)
    }
    guard result == 0, attributes.word(at: 4) == rounds else { return nil }
    return Double(attributes.word(at: 36)) / Double(rounds)
  }

  private func load(_ slots: [RawInstruction]) -> Int32? {
    var attributes = KernelCall()
    let license = Array("GPL".utf8) + [0]
    // An XDP program.
    attributes.set(6, at: 0)
    attributes.set(UInt32(slots.count), at: 4)
    let result = unsafe slots.map(\.bits).withUnsafeBytes { words in
      unsafe license.withUnsafeBytes { license in
        unsafe attributes.set(address: words.baseAddress, at: 8)
        unsafe attributes.set(address: license.baseAddress, at: 16)
        return unsafe attributes.call(5)
      }
    }
    return result < 0 ? nil : Int32(result)
  }

  // MARK: Maps

  private static func makeMap(
    kind: MapKind, keySize: Int, valueSize: Int, entries: Int, flags: MapFlags = []
  ) -> Int32 {
    var attributes = KernelCall()
    attributes.set(kind.rawValue, at: 0)
    attributes.set(UInt32(keySize), at: 4)
    attributes.set(UInt32(valueSize), at: 8)
    attributes.set(UInt32(entries), at: 12)
    attributes.set(flags.rawValue, at: 16)
    return unsafe Int32(attributes.call(0))
  }

  private func use(_ list: [UInt64]) -> Bool {
    keyCount = 1
    while keyCount < list.count { keyCount *= 2 }
    if keys >= 0 { close(keys) }
    keys = Self.makeMap(kind: .array, keySize: 4, valueSize: 8 * keyCount + 8, entries: 1)
    guard keys >= 0 else { return false }
    return Self.set([0], [0] + (0..<keyCount).map { list[$0 % list.count] }, in: keys)
  }

  /// Makes or changes an entry, with key and value in words.
  private static func set(_ key: [UInt64], _ value: [UInt64], in map: Int32) -> Bool {
    var attributes = KernelCall()
    attributes.set(UInt32(bitPattern: map), at: 0)
    let result = unsafe key.withUnsafeBytes { key in
      unsafe value.withUnsafeBytes { value in
        unsafe attributes.set(address: key.baseAddress, at: 8)
        unsafe attributes.set(address: value.baseAddress, at: 16)
        return unsafe attributes.call(2)
      }
    }
    return result == 0
  }
}
