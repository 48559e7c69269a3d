import Glibc

/// The geometric mean of some figures.
struct GeometricMean {
  private var logarithms = 0.0
  private(set) var count = 0

  mutating func add(_ value: Double) {
    logarithms += log(value)
    count += 1
  }

  var value: Double { count == 0 ? 0 : exp(logarithms / Double(count)) }
}
