/// Rows of columns of even width: the first column left-aligned, the others right-aligned, unless said otherwise.
struct TextTable {
  private var rows: [[String]]

  /// A table of which the first row is there already: a heading where `isHeading`.
  ///
  /// - Parameters:
  ///   - leftColumns: how many columns from the first on are left-aligned.
  ///   - lastIsLeft: whether the last column is too.
  init(
    _ first: [String], isHeading: Bool = true, leftColumns: Int = 1, lastIsLeft: Bool = false
  ) {
    rows = [first]
    self.isHeading = isHeading
    self.leftColumns = leftColumns
    self.lastIsLeft = lastIsLeft
  }

  private let isHeading: Bool
  private let leftColumns: Int
  private let lastIsLeft: Bool

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
        if column > 0 { line += "  " }
        let isLeft = column < leftColumns || lastIsLeft && column == widths.count - 1
        line += isLeft ? cell.padded(to: widths[column]) : cell.leftPadded(to: widths[column])
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}
