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
    /// The instructions of the last run.
    var instructions: Int
    /// The mean time of a run in tenths of a nanosecond.
    var tenthsOfNanosecond: Int
    var fault: Reason?
  }

  struct Statistics {
    var slots: Int?
    var maps: Int?
    /// The nanoseconds from the request's values to a program that is ready to run.
    var loadTime: Int?
    /// What verification processed and kept, where it was asked for.
    var processedInstructions: Int?
    var states: Int?
    /// The number of runs made, repetitions included, and the instructions they executed.
    var runs = 0
    var instructions = 0
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
      writer.member("instructions", instructions)
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
      writer.member("runs", runs)
      writer.member("instructions", instructions)
    }
  }
}
