public import BPFISA
public import BPFPlatform

/// A program as the tests run it twice: in the running kernel, and here.
public struct ComparedProgram {
  public var program: Program
  public var type: ProgramType
  public var attachType: UInt32
  public var license: String
  /// The maps of ``Program/mapNames``, in that order. Programs of one comparison share maps of the same name.
  public var maps: [MapSpec]

  public init(
    _ program: Program, type: ProgramType, attachType: UInt32 = 0, license: String = "GPL",
    maps: [MapSpec] = []
  ) {
    self.program = program
    self.type = type
    self.attachType = attachType
    self.license = license
    self.maps = maps
  }
}
