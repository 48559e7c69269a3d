public import BPFISA
public import BPFJIT

/// The machine code of a loaded program, for tools that show it. It is where it says for as long as the program lives.
public struct NativeCode: Sendable {
  /// The code before it was put at its address, and what its parts are.
  public let image: MachineImage
  /// Where it begins.
  public let address: UInt
  /// The instructions that were compiled: those of the rewritten program.
  public let program: Program

  /// Its bytes, of which the last may be no instructions but addresses (``MachineImage/codeSize``).
  ///
  /// - Complexity: O(*n*), *n* the bytes.
  public var bytes: [UInt8] {
    do throws(LinkError) {
      return try image.linked(at: UInt64(address))
    } catch {
      preconditionFailure(
        "what was put at an address reaches what it calls from there, but: \(error)")
    }
  }
}

extension LoadedProgram {
  /// The program's machine code; nil where it is interpreted.
  public var nativeCode: NativeCode? {
    guard case .compiled(let code) = code else { return nil }
    return NativeCode(image: code.image, address: code.installed.address, program: code.program)
  }
}
