import BPFISA
import BPFPlatform
import TestSupport
import Testing

/// The table of helpers against the running kernel's own.
@Suite(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
struct HelperKernelTests {
  /// The program types that load without more than an attach type, and that type.
  private static let types: [(ProgramType, attachType: UInt32)] = [
    (.socketFilter, 0), (.kprobe, 0), (.schedCLS, 0), (.schedACT, 0), (.tracepoint, 0), (.xdp, 0),
    (.perfEvent, 0), (.cgroupSKB, 0), (.cgroupSock, 2), (.lwtIn, 0), (.lwtOut, 0), (.lwtXmit, 0),
    (.sockOps, 3), (.skSKB, 4), (.cgroupDevice, 6), (.skMsg, 7), (.rawTracepoint, 0),
    (.cgroupSockAddr, 10), (.lwtSeg6Local, 0), (.skReuseport, 39), (.flowDissector, 17),
    (.cgroupSysctl, 18), (.rawTracepointWritable, 0), (.cgroupSockopt, 22), (.skLookup, 36),
    (.netfilter, 45),
  ]

  /// Helpers that a kernel may be built without, or refuse when it is locked down.
  private static let dependOnConfiguration: Set<HelperID> = [.probeWriteUser, .overrideReturn]

  private static func slots(calling helper: HelperID?) throws -> Program {
    var slots: [RawInstruction] = []
    if let helper { slots.append(RawInstruction(opcode: 0x85, immediate: helper.rawValue)) }
    slots += [RawInstruction(opcode: 0xb7), RawInstruction(opcode: 0x95)]
    return try Program(name: "probe", slots: slots)
  }

  /// Why the kernel refuses the call itself, or nil if it looks at the arguments.
  private static func refusal(
    of helper: HelperID, in type: ProgramType, attachType: UInt32, license: String = "GPL"
  ) throws -> String? {
    do {
      _ = try KernelProgram(
        slots(calling: helper), type: type, attachType: attachType, license: license, maps: [])
      return nil
    } catch let refusal as KernelRefusal {
      let isOfCall = ["cannot use helper", "unknown func", "from non-GPL"].contains {
        refusal.log.contains($0)
      }
      return isOfCall ? refusal.log : nil
    }
  }

  @Test func `programs may call what the kernel lets them call`() throws {
    var checked = 0
    for (type, attachType) in Self.types {
      let trivial = try? KernelProgram(
        Self.slots(calling: nil), type: type, attachType: attachType, maps: [])
      guard trivial != nil else { continue }
      for prototype in HelperPrototype.all {
        let refusal = try Self.refusal(of: prototype.id, in: type, attachType: attachType)
        if refusal != nil && Self.dependOnConfiguration.contains(prototype.id) { continue }
        #expect(
          prototype.allowed(in: type) == (refusal == nil), "\(prototype.name) in \(type.name)")
        checked += 1
      }
    }
    #expect(checked > 1000)
  }

  @Test func `helpers want the licence the kernel wants`() throws {
    for prototype in HelperPrototype.all {
      guard let (type, attachType) = Self.types.first(where: { prototype.allowed(in: $0.0) }) else {
        continue
      }
      let refusal = try Self.refusal(
        of: prototype.id, in: type, attachType: attachType, license: "Proprietary")
      if Self.dependOnConfiguration.contains(prototype.id) { continue }
      #expect(prototype.requiresGPL(in: type) == (refusal != nil), "\(prototype.name)")
    }
  }
}
