import BPFISA
import BPFObject
import BPFPlatform
@_spi(Unverified) import BPFRuntime

/// Runs one program of the BPF conformance suite.
///
/// Programs are `raw`: r1 is the address of the memory, r2 its length; both 0 where there is none.
public enum ConformancePlugin {
  /// What a program returns in r0.
  ///
  /// - Parameters:
  ///   - program: 8-byte little-endian slots; or, where `isELF`, an object file with one function `main`.
  ///   - memory: The bytes r1 points to; the program may write them.
  /// - Throws: ``CommandError`` where the program cannot be loaded, or its run ends in a fault.
  public static func result(
    of program: [UInt8], memory: [UInt8], isELF: Bool = false
  ) throws(CommandError) -> UInt64 {
    let program = isELF ? try linkMain(of: program) : try decode(program)
    let outcome: Outcome
    do {
      let loaded = try LoadedProgram(unverified: program, type: .raw, maps: [])
      let frame = loaded.makeFrame()
      try frame.load(memory)
      outcome = loaded.run(frame)
    } catch {
      throw .input(name: "program", detail: "\(error)")
    }
    if let fault = outcome.fault { throw .runFailed("program: \(fault)") }
    return outcome.returnValue
  }

  private static func decode(_ bytes: [UInt8]) throws(CommandError) -> Program {
    guard !bytes.isEmpty, bytes.count % 8 == 0 else {
      throw .input(
        name: "program", detail: "\(counted(bytes.count, "byte")), no whole number of 8-byte slots")
    }
    do {
      return try Program(name: "main", slots: RawInstruction.slots(of: bytes))
    } catch {
      throw .input(name: "program", detail: "\(error)")
    }
  }

  private static func linkMain(of bytes: [UInt8]) throws(CommandError) -> Program {
    do { return try ObjectFile(bytes: bytes).link("main").program } catch {
      throw .input(name: "program", detail: "\(error)")
    }
  }
}
