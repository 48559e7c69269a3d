import BPFISA
@_spi(Unverified) public import BPFRuntime
import BPFVerifier

/// Runs one program on the same packets as it is in the checked interpreter, and verified and rewritten in the other and compiled, and says
/// where they differ: in the whole return value, the packet with its metadata, the context, what it did to the outside, or the
/// maps.
public struct EngineComparison {
  private let main: ComparedProgram
  private let tailCalled: [ComparedProgram]
  private let fill: ([Map]) throws -> Void
  private let prepare: (ExecutionFrame) -> Void

  /// - Parameters:
  ///   - tailCalled: the programs that program arrays' initial contents name.
  ///   - fill: puts the same into the maps of either side, which are given by rising name.
  ///   - prepare: sets the frames up alike.
  public init(
    _ main: ComparedProgram, tailCalled: [ComparedProgram] = [],
    fill: @escaping ([Map]) throws -> Void = { _ in },
    prepare: @escaping (ExecutionFrame) -> Void = { _ in }
  ) {
    self.main = main
    self.tailCalled = tailCalled
    self.fill = fill
    self.prepare = prepare
  }

  /// Where the two differ, a line each; empty if nowhere.
  ///
  /// - Parameter budget: the number of instructions after which a run is not compared any more, nor those after it.
  /// - Throws: ``Rejection`` if the verifier does not accept the program.
  public func differences(
    on inputs: [KernelComparison.Input], budget: Int? = nil
  ) throws -> [String] {
    let engines = try [Engine.Execution.compiled, .interpreted].map { execution in
      try EngineSide(main, tailCalled, execution: execution, fill: fill, prepare: prepare)
    }
    let checked = try EngineSide(
      main, tailCalled, execution: .checked, fill: fill, prepare: prepare)
    var lines: [String] = []
    for (index, input) in inputs.enumerated() {
      let expected = try checked.run(
        input.packet, context: input.context, budget: budget)
      if let fault = expected.fault, fault.isOfCheckingAlone { return lines }
      for engine in engines {
        let found = try engine.run(input.packet, context: input.context)
        let name =
          "\(main.program.name), packet \(index) of \(input.packet.count) bytes, \(engine.name)"
        lines += Self.differences(expected, found).map { "\(name): \($0)" }
      }
    }
    // Reading takes records out of rings.
    let expected = try checked.mapContents()
    for engine in engines {
      let found = try engine.mapContents()
      for (name, contents) in expected.sorted(by: { $0.key < $1.key })
      where found[name] != contents {
        lines.append(
          "map \(name), \(engine.name): checked \(contents), rewritten \(found[name] ?? [])")
      }
    }
    return lines
  }

  private static func differences(_ expected: ComparedRun, _ found: ComparedRun) -> [String] {
    var lines: [String] = []
    func compare<Value: Equatable>(_ name: String, _ path: KeyPath<ComparedRun, Value>) {
      let (one, other) = (expected[keyPath: path], found[keyPath: path])
      if one != other { lines.append("\(name): checked \(one), rewritten \(other)") }
    }
    compare("return value", \.wholeValue)
    compare("packet", \.packet)
    compare("context", \.context)
    compare("effects", \.effects)
    compare("fault", \.fault)
    return lines
  }
}

extension Fault {
  /// Whether a run without checks goes on there: a budget that is used up, or stack that a trusted program reads without having
  /// written it.
  fileprivate var isOfCheckingAlone: Bool {
    func isIt(_ kind: Kind) -> Bool {
      switch kind {
      case .uninitializedStack, .budgetExhausted: true
      case .invalidMemoryArgument(_, _, let kind): isIt(kind)
      case _: false
      }
    }
    return isIt(kind)
  }
}
