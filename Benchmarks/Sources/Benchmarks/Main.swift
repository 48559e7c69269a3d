import BPFISA
import BPFPlatform
@_spi(Unverified) import BPFRuntime
import Glibc

func readFile(_ path: String) -> [UInt8] {
  guard let file = unsafe fopen(path, "rb") else { return [] }
  defer { unsafe fclose(file) }
  var out: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let n = unsafe fread(&buffer, 1, buffer.count, file)
    if n == 0 { break }
    out += buffer[..<n]
  }
  return out
}
@main struct Main {
  static func main() throws {
    let dir = CommandLine.arguments[1]
    let packet = readFile(CommandLine.arguments[2])
    for name in CommandLine.arguments.count > 3 ? ["empty"] : ["empty", "parse", "xorshift", "prime", "fnv", "murmur", "fields", "bubble", "dfa", "calls"] {
      let bytes = readFile("\(dir)/\(name).bin")
      var slots: [RawInstruction] = []
      for i in stride(from: 0, to: bytes.count, by: 8) {
        var w: UInt64 = 0
        for k in (0..<8).reversed() { w = w << 8 | UInt64(bytes[i + k]) }
        slots.append(RawInstruction(bits: w))
      }
      let program = try LoadedProgram(unverified: Program(name: name, slots: slots), type: .raw, maps: [])
      let frame = program.makeFrame()
      try unsafe frame.load(packet.span.bytes)
      var best = UInt64.max
      var out = program.run(frame)
      let reps = max(1, 2_000_000 / max(1, out.instructions))
      for _ in 0..<15 {
        let t0 = ContinuousClock.now
        for _ in 0..<reps { out = program.run(frame) }
        let d = ContinuousClock.now - t0
        let ns = UInt64(d.components.attoseconds / 1_000_000_000) + UInt64(d.components.seconds) * 1_000_000_000
        best = min(best, ns)
      }
      let per = Double(best) / Double(reps)
      print(name, out.returnValue, out.instructions, "ns/run", per, "ns/insn", per / Double(out.instructions), out.fault.map { "\($0)" } ?? "")
    }
  }
}
