import BPFISA
import BPFPlatform

@testable import BPFVerifier

/// A program that is accepted, and one that differs from it by the problem it has.
struct VerdictPair {
  let name: String
  var type = ProgramType.xdp
  var options = VerifierOptions()
  var limits = VerifierLimits()
  /// Assembler text; `map[idx:0]` is the first of ``maps``.
  let accepted: String
  let rejected: String
  let problem: Rejection.Problem
  /// What global functions are declared as, by their labels.
  var prototypes: [String: FunctionPrototype] = [:]
  /// Why the kernel's verdict of either is another, where it is known to be.
  var kernelDiffers: String?

  init(
    _ name: String, _ problem: Rejection.Problem, type: ProgramType = .xdp,
    options: VerifierOptions = VerifierOptions(), limits: VerifierLimits = VerifierLimits(),
    accepted: String, rejected: String, prototypes: [String: FunctionPrototype] = [:],
    kernelDiffers: String? = nil
  ) {
    self.name = name
    self.problem = problem
    self.type = type
    self.options = options
    self.limits = limits
    self.accepted = accepted
    self.rejected = rejected
    self.prototypes = prototypes
    self.kernelDiffers = kernelDiffers
  }

  /// What untrusted programs are held to.
  static var untrusted: VerifierOptions {
    var options = VerifierOptions()
    options.isPrivileged = false
    return options
  }

  static let maps: [MapSpec] = {
    var locked = MapSpec(
      name: "locked", kind: .array, keySize: 4, valueSize: 16, maxEntries: 1)
    locked.specialFields = [.init(.spinLock, offset: 0)]
    var timed = MapSpec(name: "timed", kind: .array, keySize: 4, valueSize: 24, maxEntries: 1)
    timed.specialFields = [.init(.timer, offset: 0)]
    let inner = MapSpec(name: "inner", kind: .array, keySize: 4, valueSize: 8, maxEntries: 2)
    let constant = MapSpec(
      name: "constant", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1,
      flags: .readOnlyForPrograms,
      contents: [.init(key: [0, 0, 0, 0], value: .bytes([5, 0, 0, 0, 0, 0, 0, 0]))],
      isFrozen: true)
    return [
      MapSpec(name: "values", kind: .array, keySize: 4, valueSize: 48, maxEntries: 4),
      MapSpec(name: "table", kind: .hash, keySize: 8, valueSize: 16, maxEntries: 8),
      MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: 4096),
      MapSpec(
        name: "constants", kind: .array, keySize: 4, valueSize: 16, maxEntries: 1,
        flags: .readOnlyForPrograms,
        contents: [
          .init(
            key: [0, 0, 0, 0],
            value: .bytes([5, 0, 0, 0, 0, 0, 0, 0, 65, 66, 67, 0, 68, 69, 70, 71]))
        ], isFrozen: true),
      MapSpec(name: "global", kind: .array, keySize: 4, valueSize: 64, maxEntries: 1),
      locked,
      timed,
      MapSpec(name: "programs", kind: .programArray, keySize: 4, valueSize: 4, maxEntries: 2),
      MapSpec(
        name: "maps", kind: .arrayOfMaps, keySize: 4, valueSize: 4, maxEntries: 2, inner: inner),
      MapSpec(
        name: "writeonly", kind: .array, keySize: 4, valueSize: 8, maxEntries: 1,
        flags: .writeOnlyForPrograms),
      MapSpec(
        name: "constantmaps", kind: .arrayOfMaps, keySize: 4, valueSize: 4, maxEntries: 2,
        inner: constant),
      MapSpec(name: "xsks", kind: .xskMap, keySize: 4, valueSize: 4, maxEntries: 2),
      MapSpec(name: "sockets", kind: .socketMap, keySize: 4, valueSize: 4, maxEntries: 2),
    ]
  }()

  /// Each pair there is.
  static let all = registers + memory + calls + globals + limits

  /// The program of a text, with its labels that name global functions.
  static func program(
    _ text: String, prototypes: [String: FunctionPrototype] = [:]
  ) throws -> Program {
    let assembled = try Assembler().assemble(utf8: Array(text.utf8))
    let functions = assembled.labels.compactMap { label in
      prototypes[label.name].map {
        Subprogram(name: label.name, start: label.start, prototype: $0)
      }
    }
    return try Program(
      name: "fixture", slots: assembled.slots,
      subprograms: functions.isEmpty ? [] : [Subprogram(name: "fixture", start: 0)] + functions,
      mapNames: maps.map(\.name))
  }

  func program(_ text: String) throws -> Program {
    try Self.program(text, prototypes: prototypes)
  }

  func verify(_ text: String) throws -> Result<VerifiedProgram, Rejection> {
    let program = try program(text)
    var options = options
    options.requiresPrototypes = true
    do {
      return .success(
        try Verifier(for: type, options: options, limits: limits)
          .verify(program, maps: Self.maps))
    } catch {
      return .failure(error)
    }
  }
}
