import BPFISA
import BPFPlatform

/// A BPF object file, parsed and checked: sections, symbols, programs, maps, types. A value, free of host state.
public struct ObjectFile: Sendable {
  public init(bytes: [UInt8]) throws(ObjectError) {
    throw ObjectError.notELF
  }
}

/// Why a file is no BPF object, or a program in it cannot be linked.
public enum ObjectError: Error, Hashable, Sendable {
  case notELF
}
