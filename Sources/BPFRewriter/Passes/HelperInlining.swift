public import BPFISA
public import BPFPlatform

/// Puts a value of the host in place of calls to helpers that only read one: `bpf_jiffies64`, `bpf_get_smp_processor_id`.
///
///     HelperInlining([
///       .jiffies64: .memory(.value(address), .double),
///       .getProcessorID: .constant(0),
///     ])
///
/// What the helper would clobber (`r1` to `r5`) keeps its value, which no program can rely on.
public struct HelperInlining: Pass {
  public static let name = "inline-helpers"

  /// Where the value of a helper comes from.
  public enum Value: Hashable, Sendable {
    /// It is always the same.
    case constant(UInt64)
    /// It is in memory, at this address.
    case memory(WideImmediate, MemorySize)
  }

  private let values: [HelperID: Value]

  /// - Parameter values: the helpers whose calls go, and what they return.
  public init(_ values: [HelperID: Value]) { self.values = values }

  /// - Complexity: O(*n*), *n* the slots.
  public mutating func run(on patcher: inout ProgramPatcher) throws(PatchError) {
    var patch = Patch()
    var place = patcher.start
    while let instruction = patcher.next(&place) {
      guard case .call(.helper(let number)) = instruction,
        let value = values[HelperID(rawValue: number)]
      else { continue }
      patch.removeAll()
      switch value {
      case .constant(let value):
        if let small = Int32(exactly: Int64(bitPattern: value)) {
          patch.emit(.arithmetic(.move, .bits64, destination: .r0, source: .immediate(small)))
        } else {
          patch.emit(.loadWide(destination: .r0, .value(value)))
        }
      case .memory(let address, let size):
        patch.emit(.loadWide(destination: .r0, address))
        patch.emit(.load(size, signExtended: false, destination: .r0, base: .r0, offset: 0))
      }
      try patcher.replace(at: &place, with: patch)
    }
  }
}
