public import BPFPlatform

/// A live map. Values live at addresses that never change and are never freed before the map.
///
/// All operations are thread-safe.
public final class Map: Sendable {
  public let spec: MapSpec
  /// The number of workers, each of which has a slot of its own in a per-CPU map.
  public let workers: Int

  /// - Throws: ``MapError`` where the kernel would refuse to create the map.
  public init(_ spec: MapSpec, workers: Int = 1) throws(MapError) {
    self.spec = spec
    self.workers = workers
  }
}
