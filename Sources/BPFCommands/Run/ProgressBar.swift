/// How far a long run is, on a terminal; nothing anywhere else.
struct ProgressBar {
  private let sink: OutputSink
  private let total: Int
  private let isShown: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant
  private var isOnScreen = false

  /// What takes less than this is not worth a bar.
  private static let patience = Duration.seconds(1)
  private static let interval = Duration.milliseconds(100)

  /// - Parameters:
  ///   - total: What ``update(_:label:)`` counts up to.
  ///   - sink: Where the bar is drawn, if it is a terminal.
  init(total: Int, sink: OutputSink) {
    self.sink = sink
    self.total = total
    isShown = sink.isTerminal && total > 0
    start = clock.now
    lastDrawn = start
  }

  /// Draws the bar anew if it is time to; cheap enough to call every thousand packets.
  mutating func update(_ done: Int, label: @autoclosure () -> String) throws(CommandError) {
    guard isShown else { return }
    let now = clock.now
    guard now - start >= Self.patience, !isOnScreen || now - lastDrawn >= Self.interval else {
      return
    }
    lastDrawn = now
    isOnScreen = true
    let width = 30
    let done = min(max(done, 0), total)
    let filled = Int(Double(done) / Double(total) * Double(width))
    let percent = "\(Int(Double(done) / Double(total) * 100))%".leftPadded(to: 4)
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let line = "\(bar) \(percent)  \(label())"
    let columns = FileDescriptor.terminalWidth ?? 80
    try sink.write("\r\(line.prefix(columns - 1))\u{1b}[K")
    try sink.flush()
  }

  /// Takes the bar off the screen.
  mutating func finish() throws(CommandError) {
    guard isOnScreen else { return }
    isOnScreen = false
    try sink.write("\r\u{1b}[K")
    try sink.flush()
  }
}
