import BPFISA
public import BPFObject
public import BPFPlatform

extension ComparedProgram {
  /// A linked program, run as the type its section's name gives or as another.
  ///
  /// - Throws: ``ComparisonError/noType(program:)`` where neither says which.
  public init(_ linked: LinkedProgram, as type: ProgramType? = nil) throws {
    guard let type = type ?? linked.type else {
      throw ComparisonError.noType(program: linked.program.name)
    }
    self.init(
      linked.program, type: type, attachType: linked.attachType ?? 0,
      license: linked.license ?? "", maps: linked.maps)
  }
}

extension ComparedProgram {
  /// A program of an object, with those it can reach by tail calls.
  public static func withTailCalled(
    _ object: ObjectFile, program: String, as type: ProgramType? = nil
  ) throws -> (main: ComparedProgram, tailCalled: [ComparedProgram]) {
    let main = try ComparedProgram(object.link(program), as: type)
    var tailCalled: [ComparedProgram] = []
    var known: Set<String> = [program]
    var pending = main.maps
    while let map = pending.popLast() {
      for entry in map.contents {
        guard case .program(let name) = entry.value, known.insert(name).inserted else { continue }
        let target = try ComparedProgram(object.link(name), as: main.type)
        tailCalled.append(target)
        pending += target.maps
      }
    }
    return (main, tailCalled)
  }
}

extension KernelComparison {
  /// Compares a program of an object, with those it can reach by tail calls.
  public init(
    _ object: ObjectFile, program: String, as type: ProgramType? = nil, hasFullMaps: Bool = false
  ) throws {
    let (main, tailCalled) = try ComparedProgram.withTailCalled(object, program: program, as: type)
    self.init(main, tailCalled: tailCalled, hasFullMaps: hasFullMaps)
  }
}
