import CBPFShims

/// Instructions of x86-64 that not every processor has.
public struct ProcessorFeatures: Hashable, Sendable {
  /// Shifts and rotations into another register.
  public var hasBMI2: Bool
  /// Loads in reverse byte order.
  public var hasMOVBE: Bool

  public init(hasBMI2: Bool, hasMOVBE: Bool) {
    self.hasBMI2 = hasBMI2
    self.hasMOVBE = hasMOVBE
  }

  /// Those of the processor this runs on.
  public static let current = ProcessorFeatures(
    hasBMI2: bpfkit_has_bmi2() != 0, hasMOVBE: bpfkit_has_movbe() != 0)
}
