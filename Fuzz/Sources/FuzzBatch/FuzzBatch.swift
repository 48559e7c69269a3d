import BPFCommands

/// Limits under which a request takes a moment, so that a slow one is a finding.
private let server: BatchServer = {
  var limits = BatchLimits()
  limits.mapBytes = 16 << 20
  limits.inputLength = 1 << 16
  limits.steps = 1 << 16
  limits.stepsPerRequest = 1 << 18
  limits.endsEveryRun = true
  return BatchServer(limits: limits)
}()

/// Bytes as a line of the batch protocol: every line gets a reply of one line.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  let reply = server.reply(to: bytes)
  precondition(reply.first == UInt8(ascii: "{"), "a reply is an object")
  precondition(!reply.contains(UInt8(ascii: "\n")), "a reply is one line")
  return 0
}
