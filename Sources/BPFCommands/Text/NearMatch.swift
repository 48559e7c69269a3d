/// Finds the name a person probably meant.
enum NearMatch {
  /// The name nearest to a misspelt one: equal but for case, containing it, or at most a third of it away in
  /// edits; nil where none is near.
  ///
  /// - Complexity: O(*n* × *m*²), *n* names of at most *m* characters.
  static func nearest(to wanted: String, in names: [String]) -> String? {
    let lowered = wanted.lowercased()
    if let name = names.first(where: { $0.lowercased() == lowered }) { return name }
    let limit = max(1, wanted.count / 3)
    let ranked = names.map { (name: $0, distance: distance(lowered, $0.lowercased())) }
    if let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= limit {
      return best.name
    }
    guard wanted.count >= 3 else { return nil }
    return names.first { $0.lowercased().contains(lowered) || lowered.contains($0.lowercased()) }
  }

  /// The number of characters to insert, delete, replace or swap with their neighbour to make one text the other.
  private static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left.prefix(256))
    let right = Array(right.prefix(256))
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let isEqual = left[row] == right[column]
        var cost = min(
          last[column] + (isEqual ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
