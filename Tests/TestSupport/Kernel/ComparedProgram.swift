public import BPFISA
public import BPFPlatform
public import BPFRewriter
import BPFVerifier

/// A program as the tests run it twice: in the running kernel, and here.
public struct ComparedProgram {
  public var program: Program
  public var type: ProgramType
  public var attachType: UInt32
  public var license: String
  /// The maps of ``Program/mapNames``, in that order. Programs of one comparison share maps of the same name.
  public var maps: [MapSpec]
  /// Whether the verifier here takes it as one that may see addresses.
  public var isPrivileged = true
  /// How it is rewritten.
  public var rewriting = RewriteOptions()

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

extension ComparedProgram {
  /// The verifier for it, as the kernel loads it.
  var verifier: Verifier {
    var options = VerifierOptions()
    options.isPrivileged = isPrivileged
    options.attachType = attachType == 0 ? nil : attachType
    options.isGPLCompatible = License.isGPLCompatible(license)
    return Verifier(for: type, options: options)
  }
}
