public import BPFPlatform
import Synchronization

/// A place for a program that threads run, and that a host may put another program into meanwhile.
///
/// A run takes the program that is there when it begins; the one that was there before is freed when the last run of it ends
/// and nobody else holds it.
public final class ProgramSlot: Sendable {
  /// What its programs are: all of one type, so that frames serve any of them.
  public let type: ProgramType
  private let current: Mutex<LoadedProgram>

  public init(_ program: LoadedProgram) {
    type = program.type
    current = Mutex(program)
  }

  /// The program in the slot.
  public var program: LoadedProgram { current.withLock { $0 } }

  /// Puts a program into the slot.
  ///
  /// - Returns: The one that was there.
  /// - Throws: ``SlotError`` for a program whose context is another.
  @discardableResult
  public func replace(with program: LoadedProgram) throws(SlotError) -> LoadedProgram {
    try current.withLock { current throws(SlotError) in
      guard program.code.kind.sharesFrames(with: current.code.kind) else {
        throw SlotError(expected: current.type, found: program.type)
      }
      let before = current
      current = program
      return before
    }
  }

  /// Runs the program in the slot.
  ///
  /// - Parameters: As for ``LoadedProgram/run(_:budget:)``.
  public func run(_ frame: ExecutionFrame, budget: Int? = nil) -> Outcome {
    program.run(frame, budget: budget)
  }
}

/// A program that cannot be put into a slot: frames made for those before would not fit it.
public struct SlotError: Error, Hashable, Sendable {
  public let expected: ProgramType
  public let found: ProgramType
}

extension SlotError: CustomStringConvertible {
  public var description: String {
    expected == found
      ? "the program has another context, or other helpers of the host, than those of the slot"
      : "the slot is for programs of type \(expected.name), not \(found.name)"
  }
}
