extension Map {
  /// Where a map's values live: value *i* is at `base + i * stride`, and a program may use `valueSize` bytes of it.
  ///
  /// The memory stays readable for the map's life, deleted values included. In a per-CPU map every worker's slot of
  /// every value is one of the `count` values.
  @safe
  struct ValueMemory {
    let base: UnsafeMutableRawPointer
    /// The distance between two values in bytes; a multiple of 8.
    let stride: Int
    /// The accessible bytes of each value.
    let valueSize: Int
    let count: Int
    /// Whether programs may not write values (`BPF_F_RDONLY_PROG`, and every `devmap`).
    let isReadOnlyForPrograms: Bool
    /// Whether programs may not read values (`BPF_F_WRONLY_PROG`).
    let isWriteOnlyForPrograms: Bool
  }
}
