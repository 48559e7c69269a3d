public import BPFISA
public import BPFPlatform

/// A program loaded into the running kernel. It is never attached: it runs when ``run(_:context:repeating:)``
/// says so, on bytes it is given.
public final class KernelProgram {
  public let name: String
  let descriptor: KernelDescriptor
  private let maps: [KernelMap]

  /// Loads a program.
  ///
  /// - Parameters:
  ///   - program: a linked program; its map indices become file descriptors.
  ///   - maps: the maps of ``Program/mapNames``, in that order.
  /// - Throws: ``KernelRefusal`` with the verifier's log.
  public init(
    _ program: Program, type: ProgramType, attachType: UInt32 = 0, license: String = "GPL",
    maps: [KernelMap]
  ) throws {
    precondition(maps.count == program.mapNames.count, "a program is loaded with its maps")
    name = program.name
    self.maps = maps
    var slots = program.slots
    var index = 0
    while index < slots.count {
      let slot = slots[index]
      if slot.isWide, slot.source == 5 || slot.source == 6 {
        // By index into a table of descriptors (5, 6); by descriptor (1, 2).
        slots[index] = RawInstruction(
          opcode: slot.opcode, destination: slot.destination, source: slot.source - 4,
          immediate: maps[Int(slot.immediate)].descriptor.number)
      }
      index += slot.isWide ? 2 : 1
    }
    let words = slots.map(\.bits)
    let licenseBytes = Array(license.utf8) + [0]
    var attributes = BPFAttributes()
    attributes.set(type.rawValue, at: 0)
    attributes.set(UInt32(slots.count), at: 4)
    attributes.setName(program.name, at: 48)
    attributes.set(attachType, at: 68)
    let types = try KernelFunctionTypes(program)
    let functions = types?.records ?? []
    if let types {
      attributes.set(types.descriptor.number, at: 72)
      attributes.set(UInt32(8), at: 76)
      attributes.set(UInt32(functions.count / 2), at: 88)
    }
    let (result, log) = unsafe functions.withUnsafeBytes { functions in
      if types != nil { unsafe attributes.set(functions.baseAddress, at: 80) }
      let first = Self.load(&attributes, words, licenseBytes, log: nil)
      return first.result < 0
        ? Self.load(&attributes, words, licenseBytes, log: 1 << 22) : first
    }
    guard result >= 0 else {
      throw KernelRefusal(
        operation: "program \(program.name)", number: Int32(-result), log: log)
    }
    descriptor = KernelDescriptor(number: Int32(result))
  }

  private static func load(
    _ attributes: inout BPFAttributes, _ words: [UInt64], _ license: [UInt8], log size: Int?
  ) -> (result: Int, log: String) {
    var log = [UInt8](repeating: 0, count: size ?? 1)
    let result = unsafe words.withUnsafeBytes { words in
      unsafe license.withUnsafeBytes { license in
        unsafe log.withUnsafeMutableBytes { log in
          unsafe attributes.set(words.baseAddress, at: 8)
          unsafe attributes.set(license.baseAddress, at: 16)
          if let size {
            attributes.set(UInt32(1), at: 24)
            attributes.set(UInt32(size), at: 28)
            unsafe attributes.set(log.baseAddress, at: 32)
          }
          return unsafe attributes.call(.loadProgram)
        }
      }
    }
    return (result, String(decoding: log.prefix { $0 != 0 }, as: UTF8.self))
  }

  /// What a run in the kernel gave.
  public struct Run {
    /// The low 32 bits of r0.
    public let returnValue: UInt32
    /// The packet afterwards, for XDP with its metadata before it.
    public let data: [UInt8]
    /// The context afterwards, as the program sees it; empty if none was given.
    public let context: [UInt8]
    /// The mean time of a run in nanoseconds.
    public let nanoseconds: UInt32
  }

  /// Runs the program on bytes (BPF_PROG_TEST_RUN).
  ///
  /// - Parameters:
  ///   - data: the packet, from its link-layer header on.
  ///   - context: the bytes of the context structure, or none for the default.
  ///   - flags: how to run it (`BPF_F_TEST_…`).
  public func run(
    _ data: [UInt8], context: [UInt8] = [], repeating: Int = 1, flags: UInt32 = 0
  ) throws -> Run {
    var output = [UInt8](repeating: 0, count: data.count + 32768)
    var contextOutput = [UInt8](repeating: 0, count: max(context.count, 8))
    let contextSize = UInt32(context.count)
    var attributes = BPFAttributes()
    attributes.set(descriptor.number, at: 0)
    attributes.set(UInt32(data.count), at: 8)
    attributes.set(UInt32(output.count), at: 12)
    attributes.set(UInt32(repeating), at: 32)
    attributes.set(flags, at: 64)
    let result = unsafe data.withUnsafeBytes { data in
      unsafe output.withUnsafeMutableBytes { output in
        unsafe context.withUnsafeBytes { context in
          unsafe contextOutput.withUnsafeMutableBytes { contextOutput in
            unsafe attributes.set(data.baseAddress, at: 16)
            unsafe attributes.set(output.baseAddress, at: 24)
            if contextSize > 0 {
              attributes.set(contextSize, at: 40)
              attributes.set(contextSize, at: 44)
              unsafe attributes.set(context.baseAddress, at: 48)
              unsafe attributes.set(contextOutput.baseAddress, at: 56)
            }
            return unsafe attributes.call(.testRun)
          }
        }
      }
    }
    guard result >= 0 else {
      throw KernelRefusal(operation: "run of \(name)", number: Int32(-result), log: "")
    }
    return Run(
      returnValue: attributes.word(at: 4), data: Array(output.prefix(Int(attributes.word(at: 12)))),
      context: context.isEmpty ? [] : Array(contextOutput.prefix(context.count)),
      nanoseconds: attributes.word(at: 36))
  }
}
