/// The least time of one call of `body` in nanoseconds, over several batches of calls.
///
/// - Parameters:
///   - batches: how many batches are timed, after one that is not.
///   - calls: the calls in a batch.
func nanosecondsPerCall(batches: Int = 15, calls: Int, _ body: () throws -> Void) rethrows -> Double
{
  let clock = ContinuousClock()
  var best = Duration.seconds(1 << 30)
  for batch in 0...batches {
    let start = clock.now
    for _ in 0..<calls { try body() }
    let time = clock.now - start
    if batch > 0 { best = min(best, time) }
  }
  let (seconds, attoseconds) = best.components
  return (Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(calls)
}

/// The least times of one call of two things in nanoseconds, whose batches take turns, so that both see the machine alike.
func pairedNanoseconds(
  batches: Int = 15, calls: Int, _ first: () -> Void, _ second: () -> Void
) -> (Double, Double) {
  var best = (Double.infinity, Double.infinity)
  for _ in 0..<batches {
    best.0 = min(best.0, nanosecondsPerCall(batches: 1, calls: calls, first))
    best.1 = min(best.1, nanosecondsPerCall(batches: 1, calls: calls, second))
  }
  return best
}

/// A number with so many digits after the point, in a column.
func column(_ value: Double, digits: Int = 2, width: Int = 10) -> String {
  let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
  let scaled = Int(value * Double(scale) + 0.5)
  let whole = String(scaled / scale)
  let part = String(scaled % scale)
  let text =
    digits == 0
    ? whole : whole + "." + String(repeating: "0", count: digits - part.count) + part
  return String(repeating: " ", count: max(0, width - text.count)) + text
}

func column(_ text: String, width: Int = 12) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
