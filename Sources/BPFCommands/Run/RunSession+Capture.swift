import BPFCapture
import BPFPlatform
import BPFRuntime

extension RunSession {
  /// Runs the program on each packet of a capture.
  ///
  /// - Returns: The damage at which the capture ends early, if any; what precedes it was run and written.
  /// - Throws: What keeps the run from being made at all, or from being written.
  mutating func run(
    onCapture path: String, writing output: String?, in environment: CommandEnvironment
  ) throws(CommandError) -> CommandError? {
    source = path
    writesPackets = output != nil
    var reader: CaptureReader
    do throws(CaptureError) { reader = try CaptureReader(path: path) } catch {
      throw Self.commandError(for: error, path: path)
    }
    var writer = try output.map { (output) throws(CommandError) in
      do throws(CaptureError) {
        return try CaptureWriter(path: output, format: reader.format, byteOrder: reader.byteOrder)
      } catch {
        throw Self.commandError(for: error, path: output)
      }
    }
    var progress = ProgressBar(total: reader.byteCount, sink: environment.errors)
    var damage: CommandError?
    while true {
      let packet: CapturedPacket
      do throws(CaptureError) {
        guard let next = try reader.next() else { break }
        packet = next
      } catch {
        damage = Self.commandError(for: error, path: path)
        break
      }
      if program.type != .raw && packet.linkType != .ethernet {
        let error = CommandError.input(
          name: path,
          detail: "at byte \(packet.offset): packet \((seenPackets + 1).grouped) has link type "
            + "\(packet.linkType); programs of type \(program.type.name) run on Ethernet frames")
        if seenPackets == 0 { throw error }
        damage = error
        break
      }
      if let accepted = runOnce(on: packet, of: reader), let output {
        do throws(CaptureError) {
          try writer?.addInterfaces(of: reader)
          try writer?.write(
            accepted.bytes, timestamp: packet.timestamp, originalLength: accepted.originalLength,
            interface: packet.interface)
        } catch {
          throw Self.commandError(for: error, path: output)
        }
        report.recordWritten(bytes: accepted.bytes.count)
      }
      if seenPackets & 1023 == 0 {
        try progress.update(reader.position, label: "\(seenPackets.grouped) packets")
      }
    }
    try progress.finish()
    if let output {
      do throws(CaptureError) {
        // A capture without packets that go on still has the interfaces of its original.
        try writer?.addInterfaces(of: reader)
        try writer.take()?.finish()
      } catch {
        throw Self.commandError(for: error, path: output)
      }
    }
    return damage
  }

  /// Runs the program on one packet and counts it.
  ///
  /// - Returns: The packet as the program left it, where it goes on, and its length on the wire.
  private mutating func runOnce(
    on packet: CapturedPacket, of reader: borrowing CaptureReader
  ) -> (bytes: [UInt8], originalLength: Int)? {
    let outcome: Outcome
    do throws(ContextError) {
      outcome = try repeatedly(original: reader.bytes(of: packet)) { (frame) throws(ContextError) in
        try reader.withBytes(of: packet) { (bytes) throws(ContextError) in try frame.load(bytes) }
      }
    } catch {
      // Only a packet shorter than an Ethernet header is refused by a context.
      report.recordSkipped()
      return nil
    }
    let verdict = Verdict(
      returnValue: outcome.returnValue, type: program.type, packetLength: frame.packet.count)
    report.recordPacket(verdict, outcome: outcome, bytes: packet.capturedLength)
    guard outcome.fault == nil, verdict.passesPacket, writesPackets else { return nil }
    let whole = frame.wireBytes(linkHeaderFrom: reader.bytes(of: packet))
    // What the program added or took away changes the length on the wire, a filter's cut does not.
    let length = packet.originalLength - packet.capturedLength + whole.count
    guard program.type == .socketFilter else { return (whole, length) }
    // A socket filter returns how much to keep of what it saw.
    let hidden = whole.count - frame.packet.count
    let kept = hidden + Int(UInt32(truncatingIfNeeded: outcome.returnValue))
    return (Array(whole.prefix(kept)), length)
  }

  private static func commandError(for error: CaptureError, path: String) -> CommandError {
    if case .system(let operation, _, let code) = error {
      return .file(
        path: path, operation: operation == .write ? .write : .open,
        error: SystemError(number: code))
    }
    return .input(name: path, detail: "\(error)")
  }
}
