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
    case decode, verify, rewrite, run
  }

  /// Whether the program is made runnable without checks: as far as that, or to run it so.
  var rewrites: Bool { stage == .rewrite || stage == .run && engine == .interpreter }

  enum EngineChoice: String, CaseIterable {
    case checked, interpreter, jit
    /// Every engine there is, compared.
    case all
  }

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
