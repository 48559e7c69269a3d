public import BPFISA
import BPFPlatform
public import BPFRewriter

/// What code is made for, and how.
public struct CompileOptions: Hashable, Sendable {
  /// The instructions that the processor has beyond the first x86-64.
  public var features = ProcessorFeatures.current
  /// Whether functions are called directly, which takes them to be within 2 GiB of the image; else through a table.
  public var callsNear = true
  /// Whether constants become part of others' instructions. Not where they were hidden.
  public var foldsConstants = true
  /// What the addresses of the program's instructions in call stacks begin at, where calls are to be recorded.
  public var stackBase: UInt64?

  public init() {}
}

/// Compiles rewritten programs to machine code of the processor it runs on.
public struct Compiler: Sendable {
  public var options: CompileOptions

  public init(_ options: CompileOptions = CompileOptions()) { self.options = options }

  /// Whether there is a compiler for this processor.
  public static var isSupported: Bool {
    #if arch(x86_64)
    true
    #else
    false
    #endif
  }

  /// Compiles a program.
  ///
  /// - Complexity: O(*n*), *n* the slots.
  /// - Throws: ``CompileError`` for what is not compiled.
  public func compile(
    _ rewritten: RewrittenProgram, bindings: NativeBindings
  ) throws(CompileError) -> MachineImage {
    try compile(rewritten.program, bindings)
  }

  /// Compiles a program that nobody proved safe.
  ///
  /// SAFETY: the caller vouches for the program. One that accesses what it does not have does to the process whatever the
  /// process may do.
  @_spi(Unverified)
  @unsafe
  public func compile(
    unchecked program: Program, bindings: NativeBindings
  ) throws(CompileError) -> MachineImage {
    try compile(program, bindings)
  }

  private func compile(
    _ program: Program, _ bindings: NativeBindings
  ) throws(CompileError) -> MachineImage {
    var generator = try CodeGenerator(program, bindings, options)
    generator.compileFunctions()
    do {
      return try generator.finish(program)
    } catch {
      throw CompileError(program: program.name, slot: 0, reason: .displacement(error))
    }
  }
}
