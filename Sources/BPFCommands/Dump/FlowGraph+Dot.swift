extension FlowGraph {
  /// The graph in the language of Graphviz, as `bpftool prog dump xlated … visual` writes it: for each function a cluster, with
  /// a record for each block.
  ///
  /// - Complexity: O(*n*), *n* the length of the text.
  var dot: String {
    var output = "digraph \"DOT graph for eBPF program\" {\n"
    for (index, function) in functions.enumerated() {
      output += """
        subgraph "cluster_\(index)" {
        \tstyle="dashed";
        \tcolor="black";
        \tlabel="\(Self.escaped(function.name.escapedForDisplay, in: .string)) ()";

        """
      output += Self.dot(of: function, number: index)
      output += "}\n"
    }
    return output + "}\n"
  }

  /// The numbers of the two blocks that bpftool adds; a function's own begin at 2.
  private static let entry = 0
  private static let exit = 1
  private static let firstBlock = 2

  private static func dot(of function: Function, number: Int) -> String {
    func node(_ block: Int) -> String { "fn_\(number)_bb_\(block)" }
    func edge(_ source: Int, _ target: Int) -> String {
      "\t\(node(source)):s -> \(node(target)):n "
        + "[style=\"solid,bold\", color=black, weight=10, constraint=true];\n"
    }
    var output = "\t\(node(entry)) [shape=Mdiamond,style=filled,label=\"ENTRY\"];\n\n"
    for (index, block) in function.blocks.enumerated() {
      output += "\t\(node(index + firstBlock)) [shape=record,style=filled,label=\"{"
      for (position, line) in block.lines.enumerated() {
        // Slots are counted from the start of the function.
        output += position == 0 ? "" : " | "
        output += DumpedProgram.number(line.slot - function.start)
        output += escaped(line.text, in: .record) + "\\l\\\n"
      }
      output += "}\"];\n\n"
    }
    output += "\t\(node(exit)) [shape=Mdiamond,style=filled,label=\"EXIT\"];\n\n"
    output += edge(entry, firstBlock)
    for (index, block) in function.blocks.enumerated() {
      for successor in block.successors {
        output += edge(index + firstBlock, successor.target + firstBlock)
      }
      if block.exits { output += edge(index + firstBlock, exit) }
    }
    return output + "\t\(node(entry)):s -> \(node(exit)):n [style=\"invis\", constraint=true];\n"
  }

  private enum Place { case string, record }

  /// Text with a backslash before what would end it or divide it.
  private static func escaped(_ text: String, in place: Place) -> String {
    var result = ""
    for character in text {
      switch (character, place) {
      case ("\"", _), ("\\", _): result.append("\\")
      case ("<", .record), (">", .record), ("|", .record), ("&", .record), ("{", .record),
        ("}", .record):
        result.append("\\")
      case _: break
      }
      result.append(character)
    }
    return result
  }
}
