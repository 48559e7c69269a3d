/// Rows of columns of even width: the first column left-aligned, the others right-aligned.
struct TextTable {
  private var rows: [[String]]

  /// A table of which the first row is there already: a heading where `isHeading`.
  init(_ first: [String], isHeading: Bool = true) {
    rows = [first]
    self.isHeading = isHeading
  }

  private let isHeading: Bool

  mutating func add(_ row: [String]) { rows.append(row) }

  /// A line for each row; nothing where there are no rows below a heading.
  var rendered: String {
    guard rows.count > (isHeading ? 1 : 0) else { return "" }
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    var text = ""
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        line +=
          column == 0
          ? cell.padded(to: widths[0]) : "  " + cell.leftPadded(to: widths[column])
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}
