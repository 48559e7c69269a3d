/// How the runtime lays the values of an array out: a worker's values one after another, then those of the next worker.
///
/// Rewritten programs compute addresses with it, so it follows from the declaration alone.
public struct ArrayLayout: Hashable, Sendable {
  /// From one value to the next, in bytes.
  public let stride: Int
  /// The values there is room for; not less than there are.
  public let capacity: Int
  /// From a worker's values to the next worker's, in bytes; 0 where workers share them.
  public let workerStride: Int

  /// - Returns: nil where the values of a worker take more bytes than can be counted.
  public init?(count: Int, valueSize: Int, isPerWorker: Bool) {
    guard count >= 0, valueSize >= 0, valueSize <= Int.max - 7, count <= Int.max - 7 else {
      return nil
    }
    stride = (valueSize + 7) & ~7
    // A worker's values begin at a cache line.
    capacity = isPerWorker ? (count + 7) & ~7 : count
    let (bytes, overflow) = capacity.multipliedReportingOverflow(by: stride)
    if overflow { return nil }
    workerStride = isPerWorker ? bytes : 0
  }

  /// The layout of an `array` or `percpu_array`; nil for a map of another kind.
  public init?(_ map: MapSpec) {
    switch map.kind {
    case .array:
      self.init(count: map.maxEntries, valueSize: map.valueSize, isPerWorker: false)
    case .perCPUArray:
      self.init(count: map.maxEntries, valueSize: map.valueSize, isPerWorker: true)
    case _: return nil
    }
  }
}
