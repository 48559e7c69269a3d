import BPFISA
import BPFObject
import BPFPlatform
import BPFRuntime
import BPFVerifier

extension BatchSession {
  /// Whether the request wants its program proved safe.
  var verifies: Bool {
    switch request.stage {
    case .decode: false
    case .verify, .rewrite, .compile: true
    case .run: request.verified == true || request.rewrites
    }
  }

  /// Verifies a program of slots with the request's maps.
  mutating func verify(_ program: Program, as type: ProgramType) throws(Refusal) {
    try verify(
      VerificationReport.Subject(
        program: program, type: type, attachType: request.attachType,
        maps: request.maps.map(\.spec.adjustedAsLoadersDo)))
  }

  /// Verifies a program of an object, and those that it can reach by tail calls.
  mutating func verify(_ name: String, of object: ObjectFile) throws(Refusal) {
    var known: Set<String> = [name]
    var pending = [name]
    var firstType = request.type
    while reply.statistics.notProved == nil, let name = pending.popLast() {
      let linked: LinkedProgram
      do throws(ObjectError) {
        linked = try timed(\.decode) { () throws(ObjectError) in try object.link(name) }
      } catch {
        throw .verdict(Self.verdict(for: error))
      }
      guard let type = firstType ?? linked.type else {
        throw .verdict(Self.verdict(for: .unsupportedType(program: name, nil)))
      }
      firstType = type
      if known.count == 1 {
        reply.statistics.slots = linked.program.slots.count
        reply.statistics.maps = linked.maps.count
      }
      try verify(
        VerificationReport.Subject(
          program: linked.program, type: type,
          attachType: request.attachType ?? linked.attachType,
          maps: linked.maps.map(\.adjustedAsLoadersDo), license: linked.license))
      for map in linked.maps where map.kind == .programArray {
        for entry in map.contents {
          guard case .program(let target) = entry.value, known.insert(target).inserted else {
            continue
          }
          pending.append(target)
        }
      }
    }
  }

  private mutating func verify(_ subject: VerificationReport.Subject) throws(Refusal) {
    let refusal: Refusal
    do throws(Refusal) { return try prove(subject) } catch { refusal = error }
    guard request.isProofOptional else { throw refusal }
    switch refusal {
    case .request, .verdict(.accept), .verdict(.differ): throw refusal
    case .verdict(.reject(let reason)), .verdict(.unsupported(let reason)):
      reply.statistics.notProved = reason
    case .reply(let refused):
      guard let reason = refused.verdict.reason else { throw refusal }
      reply.verdict = .accept
      reply.statistics.notProved = reason
    }
    rewritten = []
    reply.statistics.rewrittenSlots = nil
  }

  private mutating func prove(_ subject: VerificationReport.Subject) throws(Refusal) {
    var rejection: Rejection?
    var verified: VerifiedProgram?
    let statistics: VerificationStatistics
    do throws(Rejection) {
      let accepted = try timed(\.verify) { () throws(Rejection) in
        try Verifier(for: subject).verify(subject.program, maps: subject.maps)
      }
      statistics = accepted.statistics
      verified = accepted
    } catch {
      statistics = error.statistics
      rejection = error
    }
    reply.statistics.processedInstructions =
      (reply.statistics.processedInstructions ?? 0) + statistics.processedInstructions
    reply.statistics.states = (reply.statistics.states ?? 0) + statistics.totalStates
    if let verified, request.rewrites { try rewrite(verified) }
    guard let rejection else { return }
    let place = rejection.line.map { "; at \($0.file):\($0.line): \($0.text)" } ?? ""
    let reason = BatchReply.Reason(
      kind: rejection.category.rawValue, slot: rejection.slot,
      message: rejection.explanation.problem + place)
    reply.verdict = rejection.category == .unsupported ? .unsupported(reason) : .reject(reason)
    throw .reply(reply)
  }
}
