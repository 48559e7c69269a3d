import BPFKit

struct Filter {
  let program: LoadedProgram
  let frame: ExecutionFrame

  init(object bytes: [UInt8]) throws {
    let engine = Engine(
      try ObjectFile(bytes: bytes), host: HostPlatform(context: RequestView.layout.layout))
    program = try engine.load("hidden", as: .hostDefined)
    frame = program.makeFrame()
  }

  /// The status to refuse a request with, or nil for one to answer.
  func refusal(of target: String) -> UInt32? {
    var view = RequestView()
    let outcome = program.run(
      frame, on: &view, in: RequestView.layout, packet: Array(target.utf8).span.bytes)
    return outcome.returnValue == 0 ? nil : view.status
  }
}
