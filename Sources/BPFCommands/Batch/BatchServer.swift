/// Answers the lines of the batch protocol, one reply a line (Documentation/Batch.md).
///
/// A line cannot change what another is answered: nothing is kept from one to the next.
public struct BatchServer: Sendable {
  public let limits: BatchLimits

  public init(limits: BatchLimits = BatchLimits()) { self.limits = limits }

  /// The reply to one line, both without line ends. Every line gets a reply.
  public func reply(to line: [UInt8]) -> [UInt8] {
    var writer = JSONWriter()
    var parser = JSONParser(line)
    var id: JSONValue?
    do throws(BatchError) {
      guard line.count <= limits.lineLength else {
        throw .lineTooLong(limit: limits.lineLength)
      }
      let value: JSONValue
      do { value = try parser.parse() } catch { throw .json(error) }
      id = value["id"]
      let request = try BatchRequest(value, limits: limits)
      try serve(request).write(to: &writer, id: id)
    } catch {
      // The id of a line that breaks off later is still of use to whoever wrote the line.
      id = id ?? parser.outermostMembers.first { $0.name == "id" }?.value
      writer = JSONWriter()
      BatchReply.writeError(error, to: &writer, id: id)
    }
    return writer.bytes
  }

  /// The reply to a line longer than ``BatchLimits/lineLength``, which was not kept.
  func replyToLongLine() -> [UInt8] {
    var writer = JSONWriter()
    BatchReply.writeError(.lineTooLong(limit: limits.lineLength), to: &writer, id: nil)
    return writer.bytes
  }

  /// - Throws: ``BatchError`` where the request itself is wrong; what is wrong with its program is a verdict.
  private func serve(_ request: BatchRequest) throws(BatchError) -> BatchReply {
    if let unsupported = Self.unsupported(in: request) {
      return BatchReply(verdict: .unsupported(unsupported))
    }
    let clock = ContinuousClock()
    let start = clock.now
    var session: BatchSession
    do throws(BatchSession.Refusal) {
      session = try BatchSession(request, limits: limits)
    } catch {
      switch error {
      case .request(let error): throw error
      case .verdict(let verdict): return BatchReply(verdict: verdict)
      case .reply(let reply): return reply
      }
    }
    session.reply.statistics.loadTime = start.duration(to: clock.now).nanoseconds
    try session.run(request.runs)
    return session.reply
  }

  /// What a request asks for that there is none of yet.
  private static func unsupported(in request: BatchRequest) -> BatchReply.Reason? {
    if case .classic = request.source {
      return .init(kind: "classic", message: "classic BPF programs are not supported yet")
    }
    return nil
  }
}
