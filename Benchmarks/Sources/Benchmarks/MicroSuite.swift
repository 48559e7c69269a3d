import BPFKit
@_spi(Unverified) import BPFRuntime
import Glibc

/// The micro programs on each interpreter: time of one run and of one instruction.
struct MicroSuite {
  let folder: String

  /// 1,500 bytes with some structure, the same every time.
  static let input: [UInt8] = (0..<1500).map { index in
    index % 7 == 3 ? 0x20 : UInt8(truncatingIfNeeded: index &* 31 &+ index / 9)
  }

  /// What the design aims at, in nanoseconds per instruction.
  private enum Targets {
    static let checked = 2.0
    static let unchecked = 1.0
    /// The time with a budget over the time without.
    static let budget = 1.1
  }

  func run() throws {
    print("interpreters, nanoseconds per instruction (uBPF's interpreter: 3.0 on an AMD Zen 5)")
    print(
      column("program") + "instructions   checked unchecked    budget"
        + "   ns per unchecked run")
    var checked = GeometricMean()
    var unchecked = GeometricMean()
    var budget = GeometricMean()
    for path in objects() {
      let object = try ObjectFile(bytes: readFile(path))
      guard let name = object.programs.first?.name else { continue }
      let program = try Engine(object, execution: .checked).load(name, as: .raw)
      // The micro programs access the memory they are given and their stack, by addresses either way.
      let bound = unsafe try LoadedProgram(
        unchecked: program.program, type: .raw, maps: program.maps)
      let frame = program.makeFrame()
      let boundFrame = bound.makeFrame()
      try frame.load(Self.input)
      try boundFrame.load(Self.input)
      let outcome = program.run(frame)
      let count = outcome.instructions ?? 0
      if let fault = outcome.fault {
        print("\(name): \(fault)")
        continue
      }
      try frame.load(Self.input)
      guard program.run(frame).returnValue == bound.run(boundFrame).returnValue else {
        print("\(name): the interpreters disagree")
        continue
      }
      let calls = max(1, 1_000_000 / count)
      func time(_ body: () -> Void) -> Double {
        nanosecondsPerCall(calls: calls, body) / Double(count)
      }
      let checkedTime = time { _ = program.run(frame) }
      let uncheckedTime = time { _ = bound.run(boundFrame) }
      let budgetTime = time { _ = bound.run(boundFrame, budget: 1 << 40) }
      print(
        column(name) + column(Double(count), digits: 0, width: 12) + column(checkedTime)
          + column(uncheckedTime) + column(budgetTime)
          + column(uncheckedTime * Double(count), digits: 0, width: 15))
      // Entering a program is no instruction: one of two instructions says nothing about instructions.
      guard count >= 1000 else { continue }
      checked.add(checkedTime)
      unchecked.add(uncheckedTime)
      budget.add(budgetTime / uncheckedTime)
    }
    func line(_ name: String, _ mean: GeometricMean, _ unit: String, target: Double) {
      print(
        "  " + column(name, width: 22) + column(mean.value) + unit + " (target ≤"
          + column(target, width: 5) + ")")
    }
    print("geometric mean over the \(checked.count) of at least 1,000 instructions:")
    line("checked interpreter", checked, " ns per instruction", target: Targets.checked)
    line("interpreter", unchecked, " ns per instruction", target: Targets.unchecked)
    line("with a budget", budget, " times that", target: Targets.budget)
    print("")
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
