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
}
