public import BPFPlatform

/// A function of an object that can be linked into a program of its own.
public struct ObjectProgram: Hashable, Sendable {
  public let name: String
  /// The section that holds it, whose name says what it is for.
  public let sectionName: String
  /// What the section's name says; nil where it says nothing and the caller has to choose.
  public let type: ProgramType?
  /// The attach type the section's name implies (`enum bpf_attach_type`).
  public let attachType: UInt32?
  /// What follows the kind in the section's name, as the traced function.
  public let target: String?
  /// Whether a loader that loads everything leaves this one out (`?` before the section's name).
  public let isOptional: Bool
  /// Whether the function is local to its file (`static`).
  public let isStatic: Bool
  /// Whether it is there to be called by the others rather than loaded: it lies in `.text` beside sections of
  /// programs, or is static and something calls it.
  public let isSubprogram: Bool
  /// Where it begins in its section, in bytes.
  public let offset: Int
  /// Its own size in 8-byte slots, without the functions it calls.
  public let slotCount: Int
  /// Its position among the object's functions.
  let function: Int
}
