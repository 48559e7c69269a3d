@_spi(Unverified) import BPFJIT
import BPFKit
@_spi(Unverified) import BPFRuntime
import Glibc

/// The micro programs compiled, beside the interpreter and the same C compiled for this machine; and how long compiling takes.
struct JITSuite {
  /// The folder of compiled micro programs.
  let folder: String

  func run() throws {
    try runPrograms()
    print("")
  }

  func compile() throws {
    try compilePrograms()
    print("")
  }

  /// What the design aims at.
  private enum Targets {
    static let ratio = 1.3
    /// Of `fields`, whose C reads words where BPF reads bytes.
    static let fieldsRatio = 2.0
    /// In nanoseconds over an empty C function.
    static let entering = 2.0
    /// In instructions a second.
    static let compiling = 30e6
    /// In microseconds, for a program of 57 instructions.
    static let compilingSmall = 10.0
  }

  private func runPrograms() throws {
    print("compiled programs, nanoseconds per run; Linux 6.18's JIT takes 1.31 times what C does")
    print(
      column("program")
        + "         C       JIT     ratio   interpreter    kernel   bytes of code, the kernel's")
    var ratios = GeometricMean()
    var sizes = (own: 0, kernel: 0)
    let kernelEntering = try kernelTime(folder + "/empty.o")?.nanoseconds ?? 0
    for path in MicroSuite(folder: folder).objects() {
      let object = try ObjectFile(bytes: readFile(path))
      guard let name = object.programs.first?.name,
        let native = NativeProgram(name, in: path.dropLast(2) + ".so")
      else { continue }
      let program = try object.link(name).program
      let compiled = unsafe try LoadedProgram(
        unchecked: program, type: .raw, maps: [], engine: .jit)
      let interpreted = unsafe try LoadedProgram(unchecked: program, type: .raw, maps: [])
      let frame = compiled.makeFrame()
      let otherFrame = compiled.makeFrame()
      try frame.load(MicroSuite.input)
      try otherFrame.load(MicroSuite.input)
      let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: MicroSuite.input.count, alignment: 16)
      defer { unsafe memory.deallocate() }
      unsafe memory.copyBytes(from: MicroSuite.input)
      let input = UnsafeRawBufferPointer(memory)
      let expected = unsafe native(input)
      let entry = ProgramEntry(compiled, in: frame)
      guard compiled.run(frame).returnValue == expected, entry.run() == expected else {
        print("\(name): C and the compiled program disagree")
        continue
      }
      let calls = max(
        10, Int(2e6 / nanosecondsPerCall(batches: 1, calls: 10) { _ = entry.run() }))
      let times = pairedNanoseconds(
        calls: calls, { _ = unsafe native(input) }, { _ = entry.run() })
      let interpreterTime = nanosecondsPerCall(batches: 3, calls: max(1, calls / 10)) {
        _ = interpreted.run(otherFrame)
      }
      let ratio = times.1 / times.0
      let kernel = try kernelTime(path)
      let size = compiled.codeSize ?? 0
      let note: String
      switch name {
      case "empty":
        note =
          "   entering: \(column(times.1 - times.0, width: 0)) ns (target ≤ \(Int(Targets.entering)))"
      case "fields": note = "   (target ≤ \(Int(Targets.fieldsRatio)))"
      case _: note = ""
      }
      print(
        column(name) + column(times.0, digits: 1) + column(times.1, digits: 1) + column(ratio)
          + column(interpreterTime, digits: 0, width: 14)
          + (kernel.map { column(max($0.nanoseconds - kernelEntering, 0), digits: 0) }
            ?? column("         –", width: 10))
          + column(Double(size), digits: 0, width: 16)
          + (kernel.map { column(Double($0.codeSize), digits: 0) } ?? "") + note)
      if let kernel {
        sizes.own += size
        sizes.kernel += kernel.codeSize
      }
      if name != "empty" { ratios.add(ratio) }
    }
    if sizes.kernel > 0 {
      print("  bytes of code where the kernel has some: \(sizes.own) (target ≤ \(sizes.kernel))")
    }
    print(
      "  geometric mean of \(ratios.count):\(column(ratios.value)) (target ≤\(column(Targets.ratio, width: 5)))"
    )
  }

  /// The time of a program that is an XDP program too, in the running kernel.
  private func kernelTime(_ path: String) throws -> KernelProgramTime? {
    let path = path.dropLast(2) + ".xdp"
    guard unsafe access(String(path), R_OK) == 0 else { return nil }
    let object = try ObjectFile(bytes: readFile(String(path)))
    guard let name = object.programs.first?.name else { return nil }
    return KernelProgramTime(try object.link(name).program, packet: MicroSuite.input)
  }

  // MARK: Compiling

  private func compilePrograms() throws {
    print("compiling a rewritten program")
    print(column("instructions", width: 24) + "        µs   million a second   bytes each")
    let parse = try MicroSuite(folder: folder).objects().first { $0.hasSuffix("/parse.o") }
      .map { try ObjectFile(bytes: readFile($0)).link("parse").program }
    if let parse { try compile(parse, target: "≤ \(Int(Targets.compilingSmall)) µs") }
    let rate = "≥ \(Int(Targets.compiling / 1e6)) million a second"
    for count in [4_000, 500_000] { try compile(mixed(count), target: rate) }
  }

  private func compile(_ program: Program, target: String) throws {
    let count = program.slots.count
    let bindings = NativeBindings { _ in nil }
    let compiler = Compiler()
    var size = 0
    let time = try nanosecondsPerCall(batches: 15, calls: max(1, 20_000 / count)) {
      size = unsafe try compiler.compile(unchecked: program, bindings: bindings).code.count
    }
    print(
      column("\(program.name), \(count)", width: 24) + column(time / 1e3)
        + column(Double(count) / time * 1e3, digits: 1, width: 19)
        + column(Double(size) / Double(count), digits: 1, width: 13) + "   (target \(target))")
  }

  /// Arithmetic, memory and branches as programs have them, of so many instructions.
  private func mixed(_ count: Int) throws -> Program {
    let block = """
      r3 = *(u32 *)(r10 - 8)
      r4 = r3
      r4 &= 255
      r2 += r4
      if r2 > 77 goto +2
      r5 = r2
      r5 <<= 3
      *(u64 *)(r10 - 16) = r2
      w0 += w2
      r0 ^= r5
      r3 *= 31
      r2 -= r3
      if w4 == 7 goto +1
      r0 += 5
      r6 = r10
      r6 += -32
      *(u8 *)(r6 + 3) = r4
      r5 = *(u16 *)(r6 + 2)
      r5 >>= 4
      r0 |= r5

      """
    let head = "r0 = 0\nr2 = 0\nr5 = 0\n*(u64 *)(r10 - 8) = 3\n*(u64 *)(r10 - 32) = 0\n"
    let slots = try Assembler.assemble(block)
    let all = try Assembler.assemble(head) + Array(repeatElement(slots, count: count / 20).joined())
    return try Program(name: "mixed", slots: all + [Instruction.exit.encoded.first])
  }
}
