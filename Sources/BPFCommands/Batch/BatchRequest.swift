import BPFPlatform

/// One line of the batch protocol, read and checked (Documentation/Batch.md).
struct BatchRequest {
  var source: Source
  /// What to run the program as; nil where an object's section says.
  var type: ProgramType?
  var attachType: UInt32?
  var maps: [MapRequest]
  var stage: Stage
  /// Whether the program must pass verification before it runs; nil where the request does not say.
  var verified: Bool?
  var engine: EngineChoice
  /// The instructions one run may execute.
  var budget: Int
  /// Whether the request says so itself.
  var hasOwnBudget: Bool
  var runs: [Run]

  /// Where the program comes from.
  enum Source {
    case slots([UInt8])
    case classic
    case assembly(String)
    case object(path: String, program: String?)
  }

  /// How far a program is to be taken.
  enum Stage: String, CaseIterable {
    case decode, verify, rewrite, compile, run
  }

  /// Whether the program is made runnable without checks: as far as that, or to run it so.
  var rewrites: Bool {
    switch stage {
    case .decode, .verify: false
    case .rewrite, .compile: true
    case .run: engine.needsProof
    }
  }

  /// Whether runs are made.
  var makesRuns: Bool {
    switch stage {
    case .decode, .verify, .compile: false
    case .rewrite, .run: true
    }
  }

  /// Whether a program that is not proved safe runs all the same, on the engine that needs no proof.
  var isProofOptional: Bool { stage == .run && engine == .all && verified != true }

  struct MapRequest {
    var spec: MapSpec
    /// The slots of the 16-byte load immediates that load this map.
    var slots: [Int]
    var contents: [Entry]

    struct Entry {
      var key: [UInt8]
      var value: [UInt8]
    }
  }

  struct Run {
    var input: [UInt8] = []
    var context: [Field] = []
    var count = 1

    /// A field of the program's context and what it holds at the start.
    struct Field {
      var name: String
      var value: UInt64
    }
  }
}
