/// Lines that belong together, with others below them, drawn as a tree.
struct TextTree {
  var label: String
  var children: [TextTree]

  init(_ label: String, _ children: [TextTree] = []) {
    self.label = label
    self.children = children
  }

  /// The tree with a line for each label, each ending in a line end.
  var rendered: String {
    var text = label + "\n"
    render(below: "", into: &text)
    return text
  }

  private func render(below prefix: String, into text: inout String) {
    for (index, child) in children.enumerated() {
      let isLast = index == children.count - 1
      text += prefix + (isLast ? "└── " : "├── ") + child.label + "\n"
      child.render(below: prefix + (isLast ? "    " : "│   "), into: &text)
    }
  }
}
