extension FlowGraph {
  /// The graph as a picture that needs nothing else: functions below each other, a box for each block.
  ///
  /// Lines of the code that is next are dark, those of jumps green, those that lead back red.
  ///
  /// - Complexity: that of ``LayeredLayout``.
  var svg: String {
    var body = ""
    var width = 0
    var height = SVGMeasure.margin
    for function in functions {
      let layout = LayeredLayout(
        sizes: function.blocks.map(SVGMeasure.size),
        successors: function.blocks.map { $0.successors.map(\.target) })
      let name = function.name.escapedForDisplay
      body += "<g transform=\"translate(\(SVGMeasure.margin),\(height))\">\n"
      body += "<text class=\"name\" y=\"\(SVGMeasure.lineHeight)\">\(Self.escaped(name))</text>\n"
      body += "<g transform=\"translate(0,\(SVGMeasure.lineHeight))\">\n"
      body += Self.lines(of: function, layout) + Self.blocks(of: function, layout)
      body += "</g>\n</g>\n"
      width = max(width, layout.width, name.count * SVGMeasure.columnWidth)
      height += layout.height + 2 * SVGMeasure.lineHeight
    }
    let size = "width=\"\(width + 2 * SVGMeasure.margin)\" height=\"\(height + SVGMeasure.margin)\""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" \(size)>
      <style>
      text { font: 12px monospace; white-space: pre; fill: #222 }
      .name { font-weight: bold }
      .block { fill: #f7f7f2; stroke: #555 }
      path { fill: none; stroke: #333; stroke-width: 1.2; marker-end: url(#next) }
      .jump { stroke: #17803d; marker-end: url(#jump) }
      .back { stroke: #c02b2b; marker-end: url(#back) }
      </style>
      <defs>
      \(Self.arrow("next", "#333"))
      \(Self.arrow("jump", "#17803d"))
      \(Self.arrow("back", "#c02b2b"))
      </defs>
      <rect width="100%" height="100%" fill="#fff"/>
      \(body)</svg>

      """
  }

  private static func arrow(_ name: String, _ color: String) -> String {
    "<marker id=\"\(name)\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" orient=\"auto\">"
      + "<path d=\"M0,1 L7,4 L0,7 z\" style=\"fill:\(color);stroke:none;marker-end:none\"/></marker>"
  }

  private static func lines(of function: Function, _ layout: LayeredLayout) -> String {
    layout.routes.map { route in
      let edge = function.blocks[route.source].successors[route.successor]
      let name = route.isBack ? " class=\"back\"" : edge.isJump ? " class=\"jump\"" : ""
      let corners = route.points.map { "\($0.x),\($0.y)" }.joined(separator: " L")
      return "<path\(name) d=\"M\(corners)\"/>\n"
    }.joined()
  }

  private static func blocks(of function: Function, _ layout: LayeredLayout) -> String {
    var output = ""
    for (block, box) in zip(function.blocks, layout.boxes) {
      output += "<rect class=\"block\" x=\"\(box.x)\" y=\"\(box.y)\""
      output += " width=\"\(box.width)\" height=\"\(box.height)\"/>\n"
      for (index, line) in block.lines.enumerated() {
        let y = box.y + SVGMeasure.padding + (index + 1) * SVGMeasure.lineHeight - 4
        output += "<text x=\"\(box.x + SVGMeasure.padding)\" y=\"\(y)\" xml:space=\"preserve\">"
        output += escaped(SVGMeasure.text(of: line)) + "</text>\n"
      }
    }
    return output
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case _: result.append(character)
      }
    }
    return result
  }
}

/// How large text is in a picture, in pixels.
private enum SVGMeasure {
  static let margin = 16
  static let padding = 6
  static let lineHeight = 16
  /// A column of 12-pixel text, rounded up.
  static let columnWidth = 8

  static func text(of line: DumpedProgram.Line) -> String {
    DumpedProgram.number(line.slot) + line.text
  }

  static func size(of block: FlowGraph.Block) -> (width: Int, height: Int) {
    let columns = block.lines.map { text(of: $0).count }.max() ?? 0
    return (columns * columnWidth + 2 * padding, block.lines.count * lineHeight + 2 * padding)
  }
}
