import BPFISA
import BPFObject
import BPFPlatform
import BPFRewriter
@_spi(Unverified) import BPFRuntime
import BPFVerifier

/// One request being served: its program loaded, its maps live, its runs made.
struct BatchSession {
  /// The program on each engine that runs it, with maps of its own; the one first whose results are the reply's.
  var programs: [LoadedProgram] = []
  var reply: BatchReply
  let request: BatchRequest
  let limits: BatchLimits
  /// The steps that the runs so far took, of those a request may take.
  var stepsUsed = 0
  /// The program as it runs without checks, then those it can reach by tail calls; empty where that was not asked for.
  var rewritten: [RewrittenProgram] = []
  /// The program arrays of rewritten programs.
  var keptMaps: [Map] = []

  /// Why there is nothing to run.
  enum Refusal: Error {
    case request(BatchError)
    case verdict(BatchReply.Verdict)
    /// What is wrong with the program was found after something was counted.
    case reply(BatchReply)
  }

  /// Decodes the request's program and, where it is to run, loads it and makes its maps.
  init(_ request: BatchRequest, limits: BatchLimits) throws(Refusal) {
    self.request = request
    self.limits = limits
    reply = BatchReply(verdict: .accept)
    do throws(Refusal) { try loadSource() } catch {
      // What was found out before is in the reply too.
      guard case .verdict(let verdict) = error else { throw error }
      reply.verdict = verdict
      throw .reply(reply)
    }
  }

  private mutating func loadSource() throws(Refusal) {
    switch request.source {
    case .slots(let bytes):
      guard bytes.count % 8 == 0 else {
        throw .request(
          .invalid("ebpf", "\(counted(bytes.count, "byte")), no whole number of 8-byte slots"))
      }
      try load(RawInstruction.slots(of: bytes))
    case .assembly(let text):
      try load(timed(\.decode) { () throws(Refusal) in try Self.assemble(text) })
    case .object(let path, let name): try loadObject(path, program: name)
    case .classic: preconditionFailure("classic programs are refused before a session is made")
    }
  }

  private static func assemble(_ text: String) throws(Refusal) -> [RawInstruction] {
    do throws(AssemblyError) {
      return try Assembler.withHelperNames.assemble(utf8: Array(text.utf8)).slots
    } catch {
      throw .verdict(.reject(.init(kind: "assembly", message: "\(error)")))
    }
  }

  private mutating func load(_ unlinked: [RawInstruction]) throws(Refusal) {
    guard !unlinked.isEmpty else {
      throw .verdict(.reject(.init(kind: "empty_program", message: "the program has no slots")))
    }
    guard unlinked.count <= limits.slots else {
      throw .request(
        .overLimit("program", asked: unlinked.count, limit: limits.slots, unit: "slots"))
    }
    var slots = unlinked
    try placeMaps(in: &slots)
    let decoded: Program
    do throws(DecodingError) {
      let names = request.maps.map(\.spec.name)
      decoded = try timed(\.decode) { [slots] () throws(DecodingError) in
        try Program(name: "program", slots: slots, mapNames: names)
      }
    } catch {
      throw .verdict(
        .reject(
          .init(
            kind: ReasonClass.name(of: error.reason), slot: error.slot, message: "\(error)")))
    }
    try checkMapReferences(of: decoded)
    reply.statistics.slots = slots.count
    reply.statistics.maps = request.maps.count
    guard let type = request.type else {
      preconditionFailure("a request with slots of its own has a type")
    }
    if verifies { try verify(decoded, as: type) }
    guard request.makesRuns || request.stage == .compile else { return }
    guard type == .raw || ContextLayout(for: type) != nil else {
      throw .verdict(Self.verdict(for: .unsupportedType(program: decoded.name, type)))
    }
    for engine in engines {
      let maps = try makeMaps(for: engine)
      if engine == .checkedInterpreter {
        do throws(LoadError) {
          add(try LoadedProgram(unverified: decoded, type: type, maps: maps), for: engine)
        } catch {
          throw .verdict(Self.verdict(for: error))
        }
      } else {
        try loadRewritten(maps, for: engine)
      }
    }
  }

  static func verdict(for error: LoadError) -> BatchReply.Verdict {
    switch error {
    case .unsupportedType: .unsupported(.init(kind: "program_type", message: "\(error)"))
    case .map(let error): verdict(for: error)
    case .object(let error): .reject(.init(kind: "object", message: "\(error)"))
    case .rejected(let rejection):
      .reject(
        .init(
          kind: rejection.category.rawValue, slot: rejection.slot,
          message: rejection.explanation.problem))
    case .mapCount, .unrunnable, .mapDiffers, .helperDiffers, .sharedMapDiffers, .rewriting,
      .compiling, .codeMemory:
      .reject(.init(kind: "load", message: "\(error)"))
    }
  }

  static func verdict(for error: MapError) -> BatchReply.Verdict {
    switch error.reason {
    case .unsupportedKind: .unsupported(.init(kind: "map_kind", message: "\(error)"))
    case .errno: .reject(.init(kind: "map", message: "\(error)"))
    }
  }
}

extension RawInstruction {
  /// The slots that little-endian bytes spell; their number is a multiple of 8.
  static func slots(of bytes: [UInt8]) -> [RawInstruction] {
    precondition(bytes.count % 8 == 0, "a slot takes 8 bytes")
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      var bits: UInt64 = 0
      for index in 0..<8 { bits |= UInt64(bytes[start + index]) << (8 * UInt64(index)) }
      return RawInstruction(bits: bits)
    }
  }

  /// The slots as little-endian bytes.
  static func bytes(of slots: [RawInstruction]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(slots.count * 8)
    for slot in slots {
      for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: slot.bits >> (8 * index))) }
    }
    return bytes
  }
}
