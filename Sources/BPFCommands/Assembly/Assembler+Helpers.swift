import BPFISA
import BPFPlatform

extension Assembler {
  /// An assembler that knows the kernel's helpers by name, with `bpf_` before it or not.
  static let withHelperNames: Assembler = {
    var helpers: [String: Int32] = [:]
    for helper in HelperID.all {
      guard let name = helper.name else { continue }
      helpers[name] = helper.rawValue
      helpers["bpf_" + name] = helper.rawValue
    }
    return Assembler(helpers: helpers)
  }()
}
