extension Duration {
  /// The duration in whole nanoseconds, at most what an `Int` holds.
  var nanoseconds: Int {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflowOfSum) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || overflowOfSum ? .max : Int(sum)
  }
}
