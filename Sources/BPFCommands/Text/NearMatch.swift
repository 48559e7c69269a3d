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

  /// The number of characters to insert, delete or replace to make one text the other.
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.prefix(256))
    var row = Array(0...right.count)
    for (index, character) in left.prefix(256).enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let cost = diagonal + (right[column] == character ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(cost, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
