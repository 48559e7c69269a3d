/// What a program's licence allows.
public enum License {
  /// The texts that the kernel takes as compatible with the GPL (`license_is_gpl_compatible`).
  private static let compatible: Set<String> = [
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
  ]

  /// Whether helpers that are for GPL programs may be called; where nothing is said they may.
  public static func isGPLCompatible(_ license: String?) -> Bool {
    license.map(compatible.contains) ?? true
  }
}
