public import BPFISA
public import BPFPlatform

/// A program with everything it needs to be loaded.
public struct LinkedProgram: Hashable, Sendable {
  /// The instructions, the functions it calls behind it; maps are referred to by index.
  public let program: Program
  /// The kind the section's name gives; nil where the caller has to choose.
  public let type: ProgramType?
  /// The attach type the section's name implies (`enum bpf_attach_type`).
  public let attachType: UInt32?
  /// The maps it refers to, in the order of ``Program/mapNames``.
  public let maps: [MapSpec]
  public let license: String?
  /// The kernel version the object asks for, as `LINUX_VERSION_CODE`.
  public let kernelVersion: UInt32?
}
