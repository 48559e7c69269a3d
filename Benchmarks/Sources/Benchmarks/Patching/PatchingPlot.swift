import Glibc

/// Time over the number of patches, both logarithmic, as an SVG.
struct PatchingPlot {
  private var lines: [(name: String, points: [(Int, Double)])] = []

  private let width = 860.0
  private let height = 540.0
  private let left = 70.0
  private let right = 250.0
  private let top = 30.0
  private let bottom = 50.0
  /// Powers of ten at the ends of the axes: patches, and seconds.
  private let across = (4.0, 7.0)
  private let up = (-4.0, 4.0)
  private let colours = [
    "#0a7d33", "#c77700", "#7a4fbf", "#c02020", "#808080", "#2060c0", "#404040",
  ]

  mutating func add(_ name: String, _ points: [(Int, Double)]) {
    if !points.isEmpty { lines.append((name, points)) }
  }

  func write(to path: String) throws {
    struct Unwritable: Error { let path: String }
    guard let file = unsafe fopen(path, "w") else { throw Unwritable(path: path) }
    let written = unsafe fputs(text, file)
    guard unsafe fclose(file) == 0, written >= 0 else { throw Unwritable(path: path) }
    print("plot written to \(path)")
  }

  private func x(_ patches: Double) -> Double {
    left + (log10(patches) - across.0) / (across.1 - across.0) * (width - left - right)
  }

  private func y(_ seconds: Double) -> Double {
    top + (up.1 - log10(seconds)) / (up.1 - up.0) * (height - top - bottom)
  }

  private func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }

  private var text: String {
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(number(left))" y="18" font-size="14">Time to patch a program, 1 → 3 instructions at each site</text>

      """
    for power in Int(across.0)...Int(across.1) {
      let place = x(pow(10, Double(power)))
      text += axis(from: (place, top), to: (place, height - bottom))
      text += label(Self.count(power), at: (place, height - bottom + 18), anchor: "middle")
    }
    for power in Int(up.0)...Int(up.1) {
      let place = y(pow(10, Double(power)))
      text += axis(from: (left, place), to: (width - right, place))
      text += label(Self.time(power), at: (left - 8, place + 4), anchor: "end")
    }
    text += label(
      "patches", at: ((left + width - right) / 2, height - bottom + 38), anchor: "middle")
    for (index, line) in lines.enumerated() {
      let colour = colours[index % colours.count]
      let points = line.points.map { (x(Double($0.0)), y($0.1)) }
      text += "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" points=\""
      text += points.map { number($0.0) + "," + number($0.1) }.joined(separator: " ") + "\"/>\n"
      for point in points {
        text +=
          "<circle cx=\"\(number(point.0))\" cy=\"\(number(point.1))\" r=\"3.5\" fill=\"\(colour)\"/>\n"
      }
      let legend = top + 14 + 22 * Double(index)
      text +=
        "<circle cx=\"\(number(width - right + 24))\" cy=\"\(number(legend - 4))\" r=\"4.0\" fill=\"\(colour)\"/>\n"
      text += label(line.name, at: (width - right + 36, legend), anchor: "start")
    }
    return text + "</svg>\n"
  }

  private func axis(from: (Double, Double), to: (Double, Double)) -> String {
    "<line x1=\"\(number(from.0))\" y1=\"\(number(from.1))\" x2=\"\(number(to.0))\" y2=\"\(number(to.1))\" stroke=\"#dddddd\"/>\n"
  }

  private func label(_ text: String, at place: (Double, Double), anchor: String) -> String {
    "<text x=\"\(number(place.0))\" y=\"\(number(place.1))\" text-anchor=\"\(anchor)\">\(text)</text>\n"
  }

  private static func count(_ power: Int) -> String {
    "1" + String(repeating: "0", count: power % 3) + String(repeating: ",000", count: power / 3)
  }

  private static func time(_ power: Int) -> String {
    switch power {
    case ..<(-3): "0.1 ms"
    case -3: "1 ms"
    case -2: "10 ms"
    case -1: "100 ms"
    default: count(power) + " s"
    }
  }
}
