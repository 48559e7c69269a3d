import BPFKit
import Glibc

/// How long a program takes from its bytes to code that runs, beside what the running kernel takes to load it.
struct LoadSuite {
  func run() throws {
    print("loading in all: reads of __sk_buff.ifindex; Linux 6.18 takes 50.7 s for 95,000")
    print(
      column("reads")
        + "    decode    verify   rewrite   compile   in all, ms    the kernel, ms")
    // More take the kernel minutes.
    for count in [1_000, 15_000, 95_000] {
      try measure(count, withKernel: count <= 15_000, target: count == 95_000 ? 60 : nil)
    }
    print("")
  }

  private func measure(_ count: Int, withKernel: Bool, target: Double?) throws {
    let read = Instruction.load(
      .word, signExtended: false, destination: .r0, base: .r1, offset: 40)
    let slots =
      [RawInstruction](repeating: try read.encoded.first, count: count)
      + [try Instruction.exit.encoded.first]
    let clock = ContinuousClock()
    var best = [Double](repeating: .infinity, count: 4)
    var inAll = Double.infinity
    for _ in 0..<7 {
      let start = clock.now
      let program = try Program(name: "reads", slots: slots)
      let decoded = clock.now
      let verified = try Verifier(for: .schedCLS).verify(program, maps: [])
      let proved = clock.now
      let rewritten = try Rewriter().rewrite(verified)
      let changed = clock.now
      let image = try Compiler().compile(rewritten, bindings: NativeBindings { _ in nil })
      var allocation = try CodePacks.shared.allocate(image.code.count)
      let bytes = try image.linked(at: UInt64(allocation.readOnlyImage))
      unsafe allocation.write(bytes.span.bytes)
      let code = try allocation.finalize()
      let end = clock.now
      precondition(code.size > 0, "the program has code")
      for (index, time) in [
        decoded - start, proved - decoded, changed - proved, end - changed,
      ].enumerated() {
        best[index] = min(best[index], milliseconds(time))
      }
      inAll = min(inAll, milliseconds(end - start))
    }
    var line = column("\(count)")
    for time in best { line += column(time) }
    line += column(inAll, width: 13)
    if withKernel, let time = kernelTime(slots) {
      line += column(time, digits: 1, width: 18)
    }
    print(line + (target.map { "   (target ≤ \(Int($0)))" } ?? ""))
  }

  private func milliseconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1e3 + Double(attoseconds) / 1e15
  }

  /// What BPF_PROG_LOAD takes; nil where it is not permitted.
  private func kernelTime(_ slots: [RawInstruction]) -> Double? {
    var load = KernelCall()
    let license = Array("GPL".utf8) + [0]
    // A program for traffic control.
    load.set(3, at: 0)
    load.set(UInt32(slots.count), at: 4)
    let clock = ContinuousClock()
    let start = clock.now
    let descriptor = unsafe slots.map(\.bits).withUnsafeBytes { words in
      unsafe license.withUnsafeBytes { license in
        unsafe load.set(address: words.baseAddress, at: 8)
        unsafe load.set(address: license.baseAddress, at: 16)
        return unsafe load.call(5)
      }
    }
    guard descriptor >= 0 else { return nil }
    let time = clock.now - start
    close(Int32(descriptor))
    return milliseconds(time)
  }
}
