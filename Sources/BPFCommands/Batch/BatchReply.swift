import BPFRuntime

/// What a request is answered with.
struct BatchReply {
  var verdict: Verdict
  var runs: [RunReply] = []
  var statistics = Statistics()

  enum Verdict {
    case accept
    /// The program is wrong.
    case reject(Reason)
    /// Something is asked for that this engine does not do.
    case unsupported(Reason)
    /// Engines do not do the same.
    case differ(Reason)

    /// Why it is not to accept.
    var reason: Reason? {
      switch self {
      case .accept: nil
      case .reject(let reason), .unsupported(let reason), .differ(let reason): reason
      }
    }
  }

  struct Reason: Error {
    /// A stable name for the kind of reason.
    var kind: String
    /// The slot of the instruction concerned, if one is.
    var slot: Int?
    var message: String
  }

  struct RunReply {
    var returnValue: UInt64
    var output: [UInt8]
    /// The instructions of the last run; nil where they were not counted.
    var instructions: Int?
    /// The mean time of a run in tenths of a nanosecond.
    var tenthsOfNanosecond: Int
    var fault: Reason?
  }

  /// How long each stage took, in nanoseconds; nil for one that did not run.
  struct StageTimes {
    /// From bytes or text to a linked program.
    var decode: Int?
    var verify: Int?
    var rewrite: Int?
    var compile: Int?
  }

  struct Statistics {
    var slots: Int?
    var maps: Int?
    /// The nanoseconds from the request's values to a program that is ready to run.
    var loadTime: Int?
    /// What verification processed and kept, where it was asked for.
    var processedInstructions: Int?
    var states: Int?
    /// The slots of the program as engines run it, where it was rewritten.
    var rewrittenSlots: Int?
    /// The bytes of the program's machine code, where it was compiled.
    var codeSize: Int?
    /// What made the runs, the engine first whose results the reply has; empty where none were to be made.
    var engines: [ProgramEngine] = []
    /// Why only the engine made them that needs no proof.
    var notProved: Reason?
    /// The nanoseconds of the stages that ran.
    var times = StageTimes()
    /// The number of runs made, repetitions included, and the instructions they executed.
    var runs = 0
    var executedInstructions = 0
  }
}

extension BatchReply {
  func write(to writer: inout JSONWriter, id: JSONValue?) {
    writer.object { writer in
      writer.member("id", id ?? .null)
      switch verdict {
      case .accept: writer.member("verdict", "accept")
      case .reject(let reason):
        writer.member("verdict", "reject")
        writer.member("reason") { reason.write(to: &$0) }
      case .unsupported(let reason):
        writer.member("verdict", "unsupported")
        writer.member("reason") { reason.write(to: &$0) }
      case .differ(let reason):
        writer.member("verdict", "differ")
        writer.member("reason") { reason.write(to: &$0) }
      }
      writer.member("runs") { writer in
        writer.array { writer in
          for run in runs { writer.element { run.write(to: &$0) } }
        }
      }
      writer.member("stats") { statistics.write(to: &$0) }
    }
  }

  static func writeError(_ error: BatchError, to writer: inout JSONWriter, id: JSONValue?) {
    writer.object { writer in
      writer.member("id", id ?? .null)
      writer.member("error", error.description)
    }
  }
}

extension BatchReply.Reason {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("class", kind)
      if let slot {
        writer.member("instruction", slot)
      } else {
        writer.member("instruction", .null)
      }
      writer.member("message", message)
    }
  }
}

extension BatchReply.RunReply {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("return", returnValue)
      writer.member("output") { $0.hex(output) }
      if let instructions {
        writer.member("instructions", instructions)
      } else {
        writer.member("instructions", .null)
      }
      writer.member("ns") { $0.tenths(tenthsOfNanosecond) }
      writer.member("fault") { writer in
        if let fault { fault.write(to: &writer) } else { writer.null() }
      }
    }
  }
}

extension BatchReply.Statistics {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      if let slots { writer.member("slots", slots) }
      if let maps { writer.member("maps", maps) }
      if let loadTime { writer.member("load_ns", loadTime) }
      if let processedInstructions { writer.member("processed", processedInstructions) }
      if let states { writer.member("states", states) }
      if let codeSize { writer.member("bytes", codeSize) }
      if !engines.isEmpty { writer.member("engines", engines.map(\.rawValue)) }
      if let notProved { writer.member("not_proved") { notProved.write(to: &$0) } }
      writer.member("runs", runs)
      writer.member("instructions") { writer in
        writer.object { writer in
          if let slots { writer.member("original", slots) }
          if let rewrittenSlots { writer.member("xlated", rewrittenSlots) }
        }
      }
      writer.member("executed", executedInstructions)
      writer.member("ns") { writer in
        writer.object { writer in
          if let time = times.decode { writer.member("decode", time) }
          if let time = times.verify { writer.member("verify", time) }
          if let time = times.rewrite { writer.member("rewrite", time) }
          if let time = times.compile { writer.member("compile", time) }
        }
      }
    }
  }
}
