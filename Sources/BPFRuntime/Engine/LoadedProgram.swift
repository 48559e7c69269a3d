public import BPFISA
public import BPFPlatform

/// A program ready to run, with the live maps it refers to. Any number of threads may run it, each in a frame
/// of its own.
public final class LoadedProgram: Sendable {
  public let name: String
  public let type: ProgramType
  public let program: Program
  /// The maps of ``Program/mapNames``, in that order.
  public let maps: [Map]

  /// The number of instructions a run may execute unless it is told otherwise.
  public static let defaultBudget = 1 << 26

  /// Prepares a program for the checked interpreter. No proof of safety is needed: every access is checked.
  ///
  /// - Complexity: O(*n*), *n* the number of slots.
  /// - Throws: ``LoadError`` if the maps are not those the program names.
  @_spi(Unverified)
  public init(unverified program: Program, type: ProgramType, maps: [Map]) throws(LoadError) {
    guard maps.count == program.mapNames.count else {
      throw LoadError.mapCount(
        program: program.name, expected: program.mapNames.count, found: maps.count)
    }
    name = program.name
    self.type = type
    self.program = program
    self.maps = maps
  }

  /// A frame to run this program in, and any other of its type, on one thread at a time.
  ///
  /// - Parameter worker: the slot of per-CPU maps to use; less than the maps' `workers`.
  public func makeFrame(worker: Int = 0) -> ExecutionFrame {
    ExecutionFrame(type: type, layout: ContextLayout(for: type), worker: worker)
  }

  /// Runs the program on the frame's packet and context.
  ///
  /// - Parameter budget: the number of instructions after which the run is ended with a fault.
  public func run(_ frame: ExecutionFrame, budget: Int = defaultBudget) -> Outcome {
    preconditionFailure("written next")
  }
}

/// Why a program or an object cannot be loaded.
public enum LoadError: Error, Hashable, Sendable {
  /// A program names another number of maps than it was given.
  case mapCount(program: String, expected: Int, found: Int)
  /// Programs of this type have no context in a process.
  case unsupportedType(program: String, ProgramType?)
  /// A map cannot be made.
  case map(MapError)
}
