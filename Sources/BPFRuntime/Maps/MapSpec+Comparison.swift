import BPFPlatform

// Of a live map's specification: what it may stand for.
extension MapSpec {
  /// Whether programs can use the map as one that is declared so, whatever it holds.
  func isUsable(as declared: MapSpec) -> Bool {
    kind == declared.kind && keySize == declared.keySize && valueSize == declared.valueSize
      && (maxEntries == declared.maxEntries || declared.maxEntries == 0 && kind == .perfEventArray)
      && flags == declared.flags && specialFields == declared.specialFields
      && inner == declared.inner
  }

  /// Whether the map may stand for one that a program was verified with: what was proved, and the addresses that were
  /// computed, hold for it.
  func isAsVerified(_ verified: MapSpec) -> Bool {
    guard isUsable(as: verified) else { return false }
    // What a program cannot change, the verifier took for constants.
    let isConstant = isFrozen && flags.contains(.readOnlyForPrograms)
    return isFrozen == verified.isFrozen && (!isConstant || contents == verified.contents)
  }
}
