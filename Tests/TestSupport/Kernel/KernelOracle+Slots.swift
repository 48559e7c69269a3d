import BPFPlatform

public import BPFISA

/// What the kernel says of slots that need not be a program.
public enum KernelVerdict {
  case accepted
  /// What the verifier wrote.
  case refused(log: String)
}

extension KernelOracle {
  /// Loads slots as a socket filter, legal or not, and says what came of it.
  public static func verdict(on slots: [RawInstruction]) -> KernelVerdict {
    let words = slots.map(\.bits)
    let license = Array("GPL".utf8) + [0]
    var log = [UInt8](repeating: 0, count: 8192)
    var attributes = BPFAttributes()
    attributes.set(ProgramType.socketFilter.rawValue, at: 0)
    attributes.set(UInt32(slots.count), at: 4)
    attributes.set(UInt32(1), at: 24)
    attributes.set(UInt32(log.count), at: 28)
    let result = unsafe words.withUnsafeBytes { words in
      unsafe license.withUnsafeBytes { license in
        unsafe log.withUnsafeMutableBytes { log in
          unsafe attributes.set(words.baseAddress, at: 8)
          unsafe attributes.set(license.baseAddress, at: 16)
          unsafe attributes.set(log.baseAddress, at: 32)
          return unsafe attributes.call(.loadProgram)
        }
      }
    }
    guard result < 0 else {
      _ = KernelDescriptor(number: Int32(result))
      return .accepted
    }
    return .refused(log: String(decoding: log.prefix { $0 != 0 }, as: UTF8.self))
  }
}
