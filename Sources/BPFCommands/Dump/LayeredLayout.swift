/// Where the blocks of a function and the lines between them are drawn: each block in a layer below those it follows, lines in
/// the space between layers, and beside them where they lead over layers or back.
///
/// Lengths are pixels. Lines run down and across only, and never through a block.
struct LayeredLayout {
  struct Box {
    var x = 0
    var y = 0
    let width: Int
    let height: Int

    var middle: Int { x + width / 2 }
  }

  /// A line from block to block.
  struct Route {
    let source: Int
    /// Which of the source's successors it leads to.
    let successor: Int
    /// Whether it leads back, or to the block itself.
    let isBack: Bool
    /// Its corners.
    var points: [(x: Int, y: Int)] = []
  }

  private(set) var boxes: [Box]
  private(set) var routes: [Route] = []
  private(set) var width = 0
  private(set) var height = 0

  /// Between blocks side by side, and between a block and the first line.
  private static let gap = 24
  /// Between two parallel lines.
  private static let spacing = 7

  /// The most lines drawn side by side; where there are more, some lie on each other.
  private static let most = 256

  private var layerOf: [Int] = []
  private var layers: [[Int]] = []

  /// - Parameters:
  ///   - sizes: the size of each block.
  ///   - successors: the blocks that each may go on to.
  /// - Complexity: O(*n* log *n*), *n* the blocks and lines.
  init(sizes: [(width: Int, height: Int)], successors: [[Int]]) {
    boxes = sizes.map { Box(width: $0.width, height: $0.height) }
    guard !boxes.isEmpty else { return }
    placeInLayers(successors)
    placeAcross(successors)
    route(successors)
  }

  // MARK: Blocks

  /// A block comes below all blocks before it that lead to it.
  private mutating func placeInLayers(_ successors: [[Int]]) {
    var layerOf = [Int?](repeating: nil, count: boxes.count)
    var previous = -1
    for block in boxes.indices {
      let layer = layerOf[block] ?? previous + 1
      layerOf[block] = layer
      previous = layer
      for target in successors[block] where target > block {
        layerOf[target] = max(layerOf[target] ?? 0, layer + 1)
      }
    }
    self.layerOf = layerOf.map { $0 ?? 0 }
    layers = [[Int]](repeating: [], count: (self.layerOf.max() ?? 0) + 1)
    for (block, layer) in self.layerOf.enumerated() { layers[layer].append(block) }
    // Where every block leads over a layer, none is in it.
    precondition(!layers.contains(where: \.isEmpty), "a layer begins with a block that follows one")
  }

  /// A block comes as near as it can to the middle of those that lead to it.
  private mutating func placeAcross(_ successors: [[Int]]) {
    var wanted = [(sum: Int, count: Int)](repeating: (0, 0), count: boxes.count)
    for layer in layers.indices {
      let middles = Dictionary(
        uniqueKeysWithValues: layers[layer].map { block in
          (block, wanted[block].count == 0 ? 0 : wanted[block].sum / wanted[block].count)
        })
      layers[layer].sort { (middles[$0] ?? 0, $0) < (middles[$1] ?? 0, $1) }
      var next = Int.min
      var shift = 0
      for block in layers[layer] {
        let middle = middles[block] ?? 0
        boxes[block].x = max(next, middle - boxes[block].width / 2)
        next = boxes[block].x + boxes[block].width + Self.gap
        shift += boxes[block].middle - middle
      }
      shift /= layers[layer].count
      for block in layers[layer] {
        boxes[block].x -= shift
        for target in successors[block] where target > block {
          wanted[target].sum += boxes[block].middle
          wanted[target].count += 1
        }
      }
    }
  }

  // MARK: Lines

  /// A stretch of a line across the space above a layer.
  private struct Crossing {
    /// The layer below, or one more than there are.
    let space: Int
    let left: Int
    let right: Int
    var track = 0
  }

  /// The way that all lines to a block take beside the blocks, on one side.
  private struct Lane {
    let target: Int
    let isBack: Bool
    var sources: [(route: Int, crossing: Int)] = []
    var top: Int
    var bottom: Int
    var place = 0
    /// Its stretch above the target.
    var crossing = 0
  }

  private mutating func route(_ successors: [[Int]]) {
    var entering = [Int](repeating: 0, count: boxes.count)
    var lanes: [Lane] = []
    var laneOf: [[Int?]] = [
      [Int?](repeating: nil, count: boxes.count), [Int?](repeating: nil, count: boxes.count),
    ]
    // First what there is: lines to the next layer on their own, all others by the lane of their target.
    for source in boxes.indices {
      for (index, target) in successors[source].enumerated() {
        routes.append(Route(source: source, successor: index, isBack: target <= source))
        if layerOf[target] == layerOf[source] + 1 {
          entering[target] += 1
          continue
        }
        let side = target <= source ? 0 : 1
        let (top, bottom) = (
          min(layerOf[source] + 1, layerOf[target]), max(layerOf[source] + 1, layerOf[target])
        )
        if let lane = laneOf[side][target] {
          lanes[lane].top = min(lanes[lane].top, top)
          lanes[lane].bottom = max(lanes[lane].bottom, bottom)
        } else {
          laneOf[side][target] = lanes.count
          entering[target] += 1
          lanes.append(Lane(target: target, isBack: side == 0, top: top, bottom: bottom))
        }
      }
    }
    placeLanes(&lanes)
    // Then where lines leave and enter, and the stretches across.
    var entered = [Int](repeating: 0, count: boxes.count)
    func entry(_ block: Int) -> Int {
      entered[block] += 1
      return boxes[block].x + boxes[block].width * entered[block] / (entering[block] + 1)
    }
    var crossings: [Crossing] = []
    func cross(_ space: Int, _ first: Int, _ second: Int) -> Int {
      crossings.append(
        Crossing(space: space, left: min(first, second), right: max(first, second)))
      return crossings.count - 1
    }
    var ends: [(start: Int, end: Int, crossing: Int)] = []
    for index in lanes.indices {
      let end = entry(lanes[index].target)
      lanes[index].crossing = cross(layerOf[lanes[index].target], lanes[index].place, end)
      ends.append((lanes[index].place, end, lanes[index].crossing))
    }
    var plans: [(start: Int, end: Int, crossing: Int, lane: Int?)] = []
    for route in routes {
      let source = route.source
      let target = successors[source][route.successor]
      let box = boxes[source]
      let start = box.x + box.width * (route.successor + 1) / (successors[source].count + 1)
      let isNext = layerOf[target] == layerOf[source] + 1
      let lane = isNext ? nil : laneOf[route.isBack ? 0 : 1][target]
      let end = lane.map { lanes[$0].place } ?? entry(target)
      plans.append((start, end, cross(layerOf[source] + 1, start, end), lane))
    }
    let heights = placeCrossings(&crossings)
    let tops = placeDown(heights)
    func y(_ crossing: Int) -> Int {
      tops[crossings[crossing].space] + Self.gap / 2 + crossings[crossing].track * Self.spacing
    }
    for (index, plan) in plans.enumerated() {
      let box = boxes[routes[index].source]
      var points = [(plan.start, box.y + box.height), (plan.start, y(plan.crossing))]
      points.append((plan.end, y(plan.crossing)))
      if let lane = plan.lane {
        points.append((plan.end, y(ends[lane].crossing)))
        points.append((ends[lane].end, y(ends[lane].crossing)))
        points.append((ends[lane].end, boxes[lanes[lane].target].y))
      } else {
        points.append(
          (plan.end, boxes[successors[routes[index].source][routes[index].successor]].y))
      }
      routes[index].points = points.map { (x: $0.0, y: $0.1) }
    }
  }

  /// The first place that is free, a new one where none is, and the last where there are enough.
  private static func place(in taken: [Int], where isFree: (Int) -> Bool) -> Int {
    taken.firstIndex(where: isFree) ?? min(taken.count, most - 1)
  }

  /// Places lanes beside the blocks, those that lead back to the left, and moves everything so that nothing is left of 0.
  private mutating func placeLanes(_ lanes: inout [Lane]) {
    var counts = [0, 0]
    for side in [0, 1] {
      let order = lanes.indices.filter { lanes[$0].isBack == (side == 0) }
        .sorted { (lanes[$0].top, $0) > (lanes[$1].top, $1) }
      // From the last to the first: so those inside of others come next to the blocks.
      var taken: [Int] = []
      for lane in order {
        let place = Self.place(in: taken) { lanes[lane].bottom < $0 }
        if place == taken.count { taken.append(0) }
        taken[place] = lanes[lane].top
        lanes[lane].place = place
      }
      counts[side] = taken.count
    }
    let left = (boxes.map(\.x).min() ?? 0) - Self.gap - counts[0] * Self.spacing
    for block in boxes.indices { boxes[block].x -= left }
    let right = (boxes.map { $0.x + $0.width }.max() ?? 0) + Self.gap
    for lane in lanes.indices {
      lanes[lane].place =
        lanes[lane].isBack
        ? (counts[0] - lanes[lane].place) * Self.spacing
        : right + lanes[lane].place * Self.spacing
    }
    width = right + counts[1] * Self.spacing
  }

  /// Gives the stretches in a space tracks, so that no two lie on each other.
  ///
  /// - Returns: the tracks of each space.
  private func placeCrossings(_ crossings: inout [Crossing]) -> [Int] {
    var ends = [[Int]](repeating: [], count: layers.count + 1)
    for index in crossings.indices.sorted(by: {
      (crossings[$0].left, $0) < (crossings[$1].left, $1)
    }) {
      let crossing = crossings[index]
      let track = Self.place(in: ends[crossing.space]) { $0 + Self.spacing <= crossing.left }
      if track == ends[crossing.space].count { ends[crossing.space].append(0) }
      ends[crossing.space][track] = crossing.right
      crossings[index].track = track
    }
    return ends.map(\.count)
  }

  /// Places the layers below each other.
  ///
  /// - Parameter tracks: how many lines run across the space above each layer, and below the last.
  /// - Returns: where each space begins.
  private mutating func placeDown(_ tracks: [Int]) -> [Int] {
    var tops: [Int] = []
    for space in tracks.indices {
      tops.append(height)
      height += Self.gap + tracks[space] * Self.spacing
      guard space < layers.count else { break }
      for block in layers[space] { boxes[block].y = height }
      height += layers[space].map { boxes[$0].height }.max() ?? 0
    }
    return tops
  }
}
