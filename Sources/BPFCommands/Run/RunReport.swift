import BPFRuntime

/// What a run over packets gave, as it is gathered.
struct RunReport {
  /// How much is kept of what can be much; the rest is counted.
  struct Limits {
    var traceLines = 10_000
    var events = 1_000
    var faults = 100
    var differences = 100
    /// Different verdicts; further ones are counted as one.
    var verdicts = 256
  }

  /// A number of packets and of the bytes they had when the program got them.
  struct Count {
    var packets = 0
    var bytes = 0
  }

  struct Events {
    let map: String
    let kind: String
    var records = 0
    var bytes = 0
    var lost = 0
    /// The first records.
    var first: [[UInt8]] = []
  }

  /// Where copies of packets go.
  struct CloneTarget: Hashable {
    let interface: UInt32
    let flags: UInt64
  }

  let limits: Limits
  private(set) var total = Count()
  /// By verdict, in the order of their numbers.
  private(set) var verdicts: [(verdict: Verdict, count: Count)] = []
  private(set) var redirects: [(target: ExecutionFrame.Redirect, count: Count)] = []
  /// Positions in ``redirects``.
  private var redirectPlaces: [ExecutionFrame.Redirect: Int] = [:]
  /// What the last runs of packets sent copies to.
  private(set) var clones: [(target: CloneTarget, count: Count)] = []
  private(set) var traceLines: [String] = []
  private(set) var traceLineCount = 0
  private(set) var faults: [(packet: Int, fault: Fault)] = []
  private(set) var faultCount = 0
  private(set) var events: [Events] = []
  /// The packets on which engines differed, and in what.
  private(set) var differences: [(packet: Int, what: String)] = []
  private(set) var differenceCount = 0
  private(set) var written = Count()
  /// The packets whose first bytes are no whole header, which were not run.
  private(set) var skipped = 0

  private(set) var runs = 0
  /// The instructions executed, all runs together; nil where runs did not count them.
  private(set) var instructions: Int? = 0
  /// How many runs took each number of nanoseconds, the last as many or more.
  private var timeCounts = [Int](repeating: 0, count: 4096)
  /// Nanoseconds spent in the program, all runs together.
  private(set) var time = 0
  private(set) var fastest: Int?
  /// The mean time of a run in tenths of a nanosecond.
  var meanTimeInTenths: Int { runs == 0 ? 0 : Int(Double(time) / Double(runs) * 10) }

  /// The time in nanoseconds that half of the runs took at most; nil without runs, and for longer ones than are counted.
  var medianTime: Int? {
    var count = 0
    for (time, runsOfTime) in timeCounts.dropLast().enumerated() {
      count += runsOfTime
      if runs > 0, 2 * count >= runs { return time }
    }
    return nil
  }

  init(limits: Limits = Limits()) { self.limits = limits }

  /// Counts one run of the program, of which a packet may have several.
  mutating func recordRun(_ outcome: borrowing Outcome, time: Int) {
    runs += 1
    instructions = instructions.flatMap { sum in outcome.instructions.map { sum + $0 } }
    self.time += time
    timeCounts[min(time, timeCounts.count - 1)] += 1
    fastest = min(fastest ?? time, time)
    if !outcome.traceLines.isEmpty {
      traceLineCount += outcome.traceLines.count
      traceLines += outcome.traceLines.prefix(limits.traceLines - traceLines.count)
    }
  }

  /// Counts a packet by what its last run gave.
  mutating func recordPacket(_ verdict: Verdict?, outcome: borrowing Outcome, bytes: Int) {
    total.packets += 1
    total.bytes += bytes
    if let fault = outcome.fault {
      faultCount += 1
      if faults.count < limits.faults { faults.append((total.packets, fault)) }
      return
    }
    for clone in outcome.clones { count(clone) }
    guard let verdict else { return }
    count(verdict, bytes: bytes)
    guard let target = outcome.redirect, verdict.isRedirect else { return }
    if let index = redirectPlaces[target] {
      redirects[index].count.packets += 1
      redirects[index].count.bytes += bytes
    } else {
      redirectPlaces[target] = redirects.count
      redirects.append((target, Count(packets: 1, bytes: bytes)))
    }
  }

  private mutating func count(_ clone: PacketClone) {
    let target = CloneTarget(interface: clone.interface, flags: clone.flags)
    let index = clones.firstIndex { $0.target == target } ?? clones.count
    if index == clones.count { clones.append((target, Count())) }
    clones[index].count.packets += 1
    clones[index].count.bytes += clone.bytes.count
  }

  private mutating func count(_ verdict: Verdict, bytes: Int) {
    var verdict = verdict
    var index = verdicts.firstIndex { $0.verdict == verdict }
    if index == nil && verdicts.count >= limits.verdicts {
      verdict = .anyOther
      index = verdicts.firstIndex { $0.verdict == verdict }
    }
    if let index {
      verdicts[index].count.packets += 1
      verdicts[index].count.bytes += bytes
    } else {
      let place = verdicts.firstIndex { $0.verdict.order > verdict.order } ?? verdicts.count
      verdicts.insert((verdict, Count(packets: 1, bytes: bytes)), at: place)
    }
  }

  /// Counts a packet on which engines differed; the one after all that were recorded.
  mutating func recordDifference(_ what: String) {
    let packet = total.packets + 1
    if differences.last?.packet == packet { return }
    differenceCount += 1
    if differences.count < limits.differences { differences.append((packet, what)) }
  }

  mutating func recordWritten(bytes: Int) {
    written.packets += 1
    written.bytes += bytes
  }

  mutating func recordSkipped() { skipped += 1 }

  /// Begins counting the events of a map.
  mutating func addEvents(of map: String, kind: String) {
    events.append(Events(map: map, kind: kind))
  }

  /// Counts an event of the map that was added as number `index`.
  mutating func recordEvent(_ index: Int, _ bytes: [UInt8]) {
    events[index].records += 1
    events[index].bytes += bytes.count
    if events[index].first.count < limits.events { events[index].first.append(bytes) }
  }

  /// Notes how many events of a map were lost since it was made.
  mutating func recordLostEvents(_ index: Int, _ count: Int) { events[index].lost = count }
}

extension ExecutionFrame.Redirect {
  /// The target as people name it.
  var displayName: String {
    switch self {
    case .interface(let index, let flags):
      "interface \(index)" + (flags == 0 ? "" : flags == 1 ? ", ingress" : ", flags \(flags)")
    case .mapEntry(let map, let index, let flags):
      "\(map)[\(index)]" + (flags == 0 ? "" : ", flags \(flags)")
    case .peer(let index): "peer of interface \(index)"
    case .neighbor(let index, let nextHop):
      "interface \(index), neighbour"
        + (nextHop.flatMap { NetworkAddress.text(of: $0.bytes[...]) }.map { " \($0)" } ?? "")
    }
  }
}
