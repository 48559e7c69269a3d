import BPFPlatform

/// Program arrays: what tail calls go through.
///
/// Programs in the array are kept alive by it, and keep their maps alive: a program that calls through an array it is in
/// stays until it is removed, or ``removeAllPrograms()`` is called.
extension Map {
  /// Puts a program into a slot of a `prog_array`.
  ///
  /// - Throws: ``MapError``: `E2BIG` beyond the map's entries, `EINVAL` for a program of another type than the first one
  ///   set, or verified where that was not, `EPERM` where the host may not write, `ENOTSUPP` for other kinds.
  public func setProgram(_ program: LoadedProgram, at index: UInt32) throws(MapError) {
    guard case .programs(let table) = storage else {
      throw error(.notSupported, "only a prog_array holds programs")
    }
    try checkWritable()
    guard let refusal = table.set(program.bare, at: index) else { return }
    switch refusal {
    case .tooBig: throw indexError(index, refusal)
    default:
      throw error(
        refusal,
        "\(program.name) is of another type than the programs the array has had, or is verified where they are not"
      )
    }
  }

  /// The program in a slot of a `prog_array`; nil where there is none.
  public func program(at index: UInt32) -> LoadedProgram? {
    guard case .programs(let table) = storage else { return nil }
    return table.program(at: index)
  }

  /// Empties all slots of a `prog_array`, as the kernel does when the last user of the map is gone.
  public func removeAllPrograms() {
    if case .programs(let table) = storage { table.removeAll() }
  }
}
