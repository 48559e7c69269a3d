import BPFISA
@_spi(Unverified) import BPFJIT
import BPFPlatform
import BPFRewriter
import BPFVerifier
import Synchronization

/// A program as the processor runs it: compiled against its live maps, which it keeps.
///
/// SAFETY: nothing checks what the instructions do. Whoever makes this vouches for the program, as for ``InterpreterCode``.
///
/// Sendable because nothing of it changes after it is made, but for the interpreter's code, which has a lock.
final class CompiledCode: @unchecked Sendable {
  /// The program as its author knows it.
  let source: Program
  /// What was compiled, and where each of its slots came from in ``source``.
  let program: Program
  let origins: [InstructionOrigin]
  let type: ProgramType
  let maps: [Map]
  /// The context that the frames have that it runs in.
  let layout: ContextLayout?
  /// The code before it was put at its address.
  let image: MachineImage
  let installed: InstalledCode
  /// The number of workers that every map has a slot for.
  let workerLimit: Int
  /// What the addresses of its instructions in call stacks begin at.
  let stackBase: UInt64
  let entry: NativeEntry
  private let bindings: ProgramBindings
  private let interpreted = Mutex<InterpreterCode?>(nil)

  /// - Parameters:
  ///   - source: what the program was made from.
  ///   - origins: where each slot came from in `source`; empty where they are its own.
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` for what is not compiled, and where the system gives no memory for code.
  init(
    _ program: Program, from source: Program, _ origins: [InstructionOrigin], type: ProgramType,
    maps: [Map], layout: ContextLayout?, helpers: HostHelpers = HostHelpers(),
    options: CodeOptions = CodeOptions()
  ) throws(LoadError) {
    let stackBase = StackAddress.base(of: source)
    bindings = ProgramBindings(type: type, maps: maps, hostHelpers: helpers)
    let packs = options.packs
    do {
      var image = try Self.compile(program, bindings, options, stackBase: stackBase, near: true)
      var allocation = try packs.allocate(
        image.code.count, randomizesStart: options.randomizesStart)
      var bytes: [UInt8]
      do throws(LinkError) {
        bytes = try image.linked(at: UInt64(allocation.readOnlyImage))
      } catch {
        // What it calls is too far away for direct calls.
        image = try Self.compile(program, bindings, options, stackBase: stackBase, near: false)
        allocation = try packs.allocate(
          image.code.count, randomizesStart: options.randomizesStart)
        bytes = image.code
      }
      unsafe allocation.write(bytes.span.bytes)
      installed = try allocation.finalize()
      self.image = image
    } catch let error as CompileError {
      throw LoadError.compiling(error)
    } catch let error as CodePackError {
      throw LoadError.codeMemory(program: program.name, error)
    } catch {
      preconditionFailure("compiling throws what it says")
    }
    // SAFETY: the image begins with a function of this type.
    entry = unsafe NativeEntry(installed.address)
    self.source = source
    self.program = program
    self.origins = origins
    self.type = type
    self.maps = maps
    self.layout = layout
    self.stackBase = stackBase
    workerLimit = maps.map(\.workers).min() ?? .max
  }

  private static func compile(
    _ program: Program, _ bindings: ProgramBindings, _ options: CodeOptions, stackBase: UInt64,
    near: Bool
  ) throws(CompileError) -> MachineImage {
    var compiling = CompileOptions()
    compiling.features = options.features
    compiling.foldsConstants = options.foldsConstants
    compiling.callsNear = near
    compiling.stackBase = bindings.recordsCalls(program) ? stackBase : nil
    // SAFETY: whoever makes this vouches for the program.
    return try unsafe Compiler(compiling).compile(
      unchecked: program, bindings: bindings.native)
  }

  /// The slot in ``source`` that an instruction of a slot came from.
  func sourceSlot(of slot: Int) -> Int {
    origins.indices.contains(slot) ? origins[slot].original : slot
  }

  /// The same program for the interpreter, which counts instructions: made when it is first asked for.
  var forInterpreter: InterpreterCode {
    interpreted.withLock { interpreted in
      if let code = interpreted { return code }
      do {
        let code = try InterpreterCode(
          program, from: source, origins, type: type, maps: maps, layout: layout,
          helpers: bindings.hostHelpers)
        interpreted = code
        return code
      } catch {
        preconditionFailure("what is compiled is interpreted as well, but: \(error)")
      }
    }
  }

  /// The slot of the function whose entry for helpers is at an address; nil where there is none.
  func functionSlot(ofEntry address: UInt64) -> Int? {
    image.callbackEntries.first { UInt64(installed.address + UInt($0.offset)) == address }?.slot
  }
}

/// How programs are compiled, and where their code goes.
struct CodeOptions: Sendable {
  var features = ProcessorFeatures.current
  /// Whether constants become part of others' instructions.
  var foldsConstants = true
  /// Whether code begins at a random place in its memory.
  var randomizesStart = false
  var packs = CodePacks.shared
}
