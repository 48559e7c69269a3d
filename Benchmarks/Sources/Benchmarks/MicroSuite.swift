import BPFKit
@_spi(Unverified) import BPFRuntime
import Glibc

/// The micro programs on each engine: time of one run and of one instruction.
struct MicroSuite {
  let folder: String

  /// 1,500 bytes with some structure, the same every time.
  private var input: [UInt8] {
    (0..<1500).map { index in
      index % 7 == 3 ? 0x20 : UInt8(truncatingIfNeeded: index &* 31 &+ index / 9)
    }
  }

  func run() throws {
    print(
      "checked interpreter, target ≤ 2.00 ns per instruction (uBPF's interpreter: 3.0 on an AMD Zen 5)"
    )
    print(column("program") + "instructions    ns per run   ns per instruction")
    var logarithms = 0.0
    var count = 0
    for path in objects() {
      let object = try ObjectFile(bytes: readFile(path))
      guard let name = object.programs.first?.name else { continue }
      let program = try Engine(object).load(name, as: .raw)
      let frame = program.makeFrame()
      try frame.load(input)
      let outcome = program.run(frame)
      if let fault = outcome.fault {
        print("\(name): \(fault)")
        continue
      }
      let calls = max(1, 1_000_000 / outcome.instructions)
      let time = nanosecondsPerCall(calls: calls) { _ = program.run(frame) }
      let perInstruction = time / Double(outcome.instructions)
      print(
        column(name) + column(Double(outcome.instructions), digits: 0, width: 12)
          + column(time, digits: 0, width: 14) + column(perInstruction, width: 12))
      // Entering a program is no instruction: one of two instructions says nothing about instructions.
      if outcome.instructions >= 1000 {
        logarithms += log(perInstruction)
        count += 1
      }
    }
    if count > 0 {
      print(
        "geometric mean over the \(count) of at least 1,000 instructions:"
          + column(exp(logarithms / Double(count)), width: 6)
          + " ns per instruction (target ≤ 2.00)\n")
    }
  }

  /// The paths of the compiled programs.
  func objects() -> [String] {
    var paths: [String] = []
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name.hasSuffix(".o") { paths.append(folder + "/" + name) }
    }
    return paths.sorted()
  }
}

/// A file's bytes.
func readFile(_ path: String) throws -> [UInt8] {
  struct Unreadable: Error { let path: String }
  guard let file = unsafe fopen(path, "rb") else { throw Unreadable(path: path) }
  defer { unsafe fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = unsafe fread(&buffer, 1, buffer.count, file)
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}
