import BPFISA
import BPFPlatform

/// What the running kernel's verifier says of a program, which is loaded and let go.
struct KernelVerdict {
  let verdict: Verdict
  /// What the kernel said where it does not accept, or why it could not be asked.
  let message: String?
  /// From the last line of its log.
  private(set) var processedInstructions: Int?
  private(set) var states: Int?
  private(set) var microseconds: Int?

  enum Verdict: String {
    case accept, reject
    /// It could not be asked.
    case unavailable
  }

  private init(_ verdict: Verdict, _ message: String?) {
    self.verdict = verdict
    self.message = message
  }

  /// Loads a program with its maps.
  init(asking subject: VerificationReport.Subject) {
    guard subject.type.kernelNumber != nil else {
      self.init(.unavailable, "the kernel has no programs of type \(subject.type.name)")
      return
    }
    do throws(KernelMap.Failure) {
      var maps: [KernelMap] = []
      for spec in subject.maps { maps.append(try KernelMap(spec)) }
      try self.init(loading: subject, maps)
    } catch {
      self.init(.unavailable, "\(error.operation): \(error.error.message)")
    }
  }

  private init(
    loading subject: VerificationReport.Subject, _ maps: [KernelMap]
  ) throws(KernelMap.Failure) {
    let program = subject.program
    let types: KernelFunctionTypes?
    do throws(SystemError) { types = try KernelFunctionTypes(program) } catch {
      throw KernelMap.Failure(operation: "types of functions", error: error)
    }
    var call = KernelCall()
    call.set(subject.type.rawValue, at: 0)
    call.set(UInt32(truncatingIfNeeded: program.slots.count), at: 4)
    call.setName(program.name, at: 48)
    call.set(subject.attachType ?? 0, at: 68)
    let functions = types?.records ?? []
    if let types {
      call.set(types.descriptor.number, at: 72)
      call.set(UInt32(8), at: 76)
      call.set(UInt32(truncatingIfNeeded: functions.count / 2), at: 88)
    }
    let words = Self.slots(of: program, maps).map(\.bits)
    // What says nothing of its licence is taken as GPL, as the verifier here does.
    let license = Array((subject.license ?? "GPL").utf8) + [0]
    var log = [UInt8](repeating: 0, count: 1 << 16)
    // Statistics alone.
    call.set(UInt32(4), at: 24)
    call.set(UInt32(truncatingIfNeeded: log.count), at: 28)
    // SAFETY: the kernel reads as many slots and records as are counted beside their addresses, the licence up to its
    // zero, and writes at most as many bytes of log.
    let result = unsafe functions.withUnsafeBytes { functions in
      unsafe words.withUnsafeBytes { words in
        unsafe license.withUnsafeBytes { license in
          unsafe log.withUnsafeMutableBytes { log in
            if types != nil { unsafe call.set(functions.baseAddress, at: 80) }
            unsafe call.set(words.baseAddress, at: 8)
            unsafe call.set(license.baseAddress, at: 16)
            unsafe call.set(UnsafeRawPointer(log.baseAddress), at: 32)
            // Maps and types go with their descriptors, which nothing else holds by now.
            return withExtendedLifetime((maps, types)) {
              Result { () throws(SystemError) in try unsafe call.make(.loadProgram) }
            }
          }
        }
      }
    }
    let text = String(decoding: log.prefix { $0 != 0 }, as: UTF8.self)
    let lines = text.split(separator: "\n").map(String.init)
    switch result {
    case .success(let number):
      _ = KernelDescriptor(number)
      self.init(.accept, nil)
    case .failure(let error):
      // The verifier says what it finds; what is refused before that is not its verdict.
      let found = lines.last { !Self.isStatistics($0) && !Self.isState($0) }
      self.init(found == nil ? .unavailable : .reject, found ?? "loading: \(error.message)")
    }
    readStatistics(lines)
  }

  /// The program's slots with the descriptors of its maps in place of their indices.
  private static func slots(of program: Program, _ maps: [KernelMap]) -> [RawInstruction] {
    var slots = program.slots
    var index = 0
    while index < slots.count {
      let slot = slots[index]
      // By index into a table of descriptors (5, 6); by descriptor (1, 2).
      if slot.isWide, slot.source == 5 || slot.source == 6,
        maps.indices.contains(Int(slot.immediate))
      {
        slots[index] = RawInstruction(
          opcode: slot.opcode, destination: slot.destination, source: slot.source - 4,
          immediate: maps[Int(slot.immediate)].descriptor.number)
      }
      index += slot.isWide ? 2 : 1
    }
    return slots
  }

  /// Whether a line is one of the states that follow the sentence about an infinite loop.
  private static func isState(_ line: String) -> Bool {
    line.hasPrefix("cur state:") || line.hasPrefix("old state:")
  }

  private static func isStatistics(_ line: String) -> Bool {
    ["verification time ", "stack depth ", "processed ", "mark_precise"].contains {
      line.hasPrefix($0)
    }
  }

  private mutating func readStatistics(_ lines: [String]) {
    for line in lines where Self.isStatistics(line) {
      let words = line.split(separator: " ")
      func number(after name: Substring) -> Int? {
        words.firstIndex(of: name).flatMap { index in
          index + 1 < words.count ? Int(words[index + 1]) : nil
        }
      }
      if let time = number(after: "time") { microseconds = time }
      if let count = number(after: "processed") { processedInstructions = count }
      if let count = number(after: "total_states") { states = count }
    }
  }
}

extension ProgramType {
  /// The kernel's number, for those that it has.
  fileprivate var kernelNumber: UInt32? {
    switch self {
    case .raw, .seccomp, .hostDefined, .unspecified: nil
    case .socketFilter, .kprobe, .schedCLS, .schedACT, .tracepoint, .xdp, .perfEvent, .cgroupSKB,
      .cgroupSock, .lwtIn, .lwtOut, .lwtXmit, .sockOps, .skSKB, .cgroupDevice, .skMsg,
      .rawTracepoint, .cgroupSockAddr, .lwtSeg6Local, .lircMode2, .skReuseport, .flowDissector,
      .cgroupSysctl, .rawTracepointWritable, .cgroupSockopt, .tracing, .structOps, .ext, .lsm,
      .skLookup, .syscall, .netfilter:
      rawValue
    }
  }
}
