import TestSupport
import Testing

/// Expects that a program does here what it does in the running kernel, on every input; reports the first differences.
func expectSameAsKernel(
  _ main: ComparedProgram, tailCalled: [ComparedProgram] = [],
  on inputs: [KernelComparison.Input], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let comparison = KernelComparison(main, tailCalled: tailCalled)
  let differences = try comparison.differences(on: inputs)
  guard !differences.isEmpty else { return }
  let shown = differences.prefix(5).map(\.description).joined(separator: "\n")
  Issue.record("\(differences.count) differences:\n\(shown)", sourceLocation: sourceLocation)
}

/// As above, on packets with a context of zeroes.
func expectSameAsKernel(
  _ main: ComparedProgram, tailCalled: [ComparedProgram] = [], on packets: [[UInt8]],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expectSameAsKernel(
    main, tailCalled: tailCalled, on: packets.map { KernelComparison.Input($0) },
    sourceLocation: sourceLocation)
}
