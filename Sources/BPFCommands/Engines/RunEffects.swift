import BPFRuntime

/// What a run did that it has to do on every engine.
struct RunEffects {
  let engine: ProgramEngine
  let outcome: Outcome
  /// The packet or memory afterwards.
  let output: [UInt8]
  /// The records and events it sent, map by map.
  var events: [[[UInt8]]] = []

  /// What differs from what another engine did, with both values; nil where nothing does.
  ///
  /// - Complexity: O(*n*), *n* the bytes that the runs left.
  func difference(from other: RunEffects) -> String? {
    if outcome.fault != nil || other.outcome.fault != nil {
      // Engines run other instructions of the same program, so faults are of other slots.
      guard (outcome.fault == nil) != (other.outcome.fault == nil) else { return nil }
      return said("end", ending, other.engine, other.ending)
    }
    if outcome.returnValue != other.outcome.returnValue {
      return said(
        "return value", String(outcome.returnValue), other.engine, String(other.outcome.returnValue)
      )
    }
    if output != other.output {
      return said("output", of: output, other.engine, other.output)
    }
    if outcome.redirect != other.outcome.redirect {
      return said(
        "redirect", outcome.redirect?.displayName ?? "none", other.engine,
        other.outcome.redirect?.displayName ?? "none")
    }
    if outcome.traceLines != other.outcome.traceLines {
      return said(
        "trace lines", outcome.traceLines.joined().debugDescription, other.engine,
        other.outcome.traceLines.joined().debugDescription)
    }
    if outcome.clones.map(\.bytes) != other.outcome.clones.map(\.bytes)
      || outcome.clones.map(\.interface) != other.outcome.clones.map(\.interface)
    {
      return said(
        "copies sent", "\(outcome.clones.count)", other.engine, "\(other.outcome.clones.count)")
    }
    for (own, others) in zip(events, other.events) where own != others {
      return said("events", of: own.flatMap(\.self), other.engine, others.flatMap(\.self))
    }
    return nil
  }

  private var ending: String {
    outcome.fault.map { "a fault: \($0)" } ?? "returned \(outcome.returnValue)"
  }

  private func said(
    _ what: String, _ value: String, _ other: ProgramEngine, _ otherValue: String
  ) -> String {
    "\(what): \(engine.rawValue) \(value), \(other.rawValue) \(otherValue)"
  }

  private func said(
    _ what: String, of bytes: [UInt8], _ other: ProgramEngine, _ otherBytes: [UInt8]
  ) -> String {
    "\(what): "
      + ByteDifference(bytes, otherBytes).text(engine.rawValue, other.rawValue)
  }
}

/// Where two runs of bytes begin to differ.
struct ByteDifference {
  private let offset: Int
  private let first: [UInt8]
  private let second: [UInt8]

  /// How many bytes are shown.
  private static let shown = 16

  init(_ first: [UInt8], _ second: [UInt8]) {
    self.first = first
    self.second = second
    offset =
      zip(first, second).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      ?? min(first.count, second.count)
  }

  func text(_ firstName: String, _ secondName: String) -> String {
    "from byte \(offset) on \(firstName) has \(Self.text(of: first, from: offset)), "
      + "\(secondName) \(Self.text(of: second, from: offset))"
  }

  private static func text(of bytes: [UInt8], from offset: Int) -> String {
    let rest = bytes.dropFirst(offset)
    guard !rest.isEmpty else { return "no more bytes" }
    return HexText.digits(of: rest.prefix(shown)) + (rest.count > shown ? "…" : "")
  }
}
