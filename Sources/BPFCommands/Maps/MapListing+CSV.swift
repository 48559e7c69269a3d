import BPFPlatform

// A map as comma-separated values (RFC 4180).
extension MapListing {
  /// A line for each entry, in a per-CPU map for each entry and CPU, after a line with the names of the columns:
  /// `key` and `value`, or `key.MEMBER` and `value.MEMBER` where they have parts.
  var csv: String {
    var rows: [[(column: String, text: String)]] = []
    for (key, value) in entries {
      let keyCells = Self.cells(types.keyJSON(key[...]), column: "key")
      for (processor, value) in values(ofEachCPU: value).enumerated() {
        var cells = keyCells
        if spec.kind.isPerCPU { cells.append(("cpu", String(processor))) }
        rows.append(cells + Self.cells(types.value.json(of: value), column: "value"))
      }
    }
    for (index, name) in programs { rows.append([("key", String(index)), ("value", name)]) }
    return CSVText.table(rows, columns: rows.isEmpty ? ["key", "value"] : [])
  }

  /// The scalars a value consists of, each with its path.
  private static func cells(
    _ value: JSONValue, column: String
  ) -> [(column: String, text: String)] {
    switch value {
    case .null: [(column, "")]
    case .bool(let value): [(column, value ? "true" : "false")]
    case .integer(let value): [(column, String(value))]
    case .number(let value): [(column, "\(value)")]
    case .string(let value): [(column, value)]
    case .array(let elements):
      elements.enumerated().flatMap { cells($1, column: "\(column)[\($0)]") }
    case .object(let members):
      members.flatMap { cells($0.value, column: "\(column).\($0.name)") }
    }
  }
}

/// Comma-separated values (RFC 4180).
enum CSVText {
  /// A line with the names of the columns, and one for each row; a cell that a row does not have is empty.
  ///
  /// - Parameter columns: the first columns; others follow in the order in which rows have them.
  /// - Complexity: O(cells + rows × columns).
  static func table(_ rows: [[(column: String, text: String)]], columns: [String]) -> String {
    var columns = columns
    var places: [String: Int] = [:]
    for (place, column) in columns.enumerated() { places[column] = place }
    for row in rows {
      for cell in row where places[cell.column] == nil {
        places[cell.column] = columns.count
        columns.append(cell.column)
      }
    }
    var text = line(columns)
    for row in rows {
      var cells = [String](repeating: "", count: columns.count)
      for cell in row {
        if let place = places[cell.column] { cells[place] = cell.text }
      }
      text += line(cells)
    }
    return text
  }

  private static func line(_ cells: [String]) -> String {
    cells.map(quoted).joined(separator: ",") + "\r\n"
  }

  /// The cell in quotes where it has a comma, a quote or a line end.
  private static func quoted(_ cell: String) -> String {
    let needsQuotes = cell.utf8.contains {
      [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0)
    }
    guard needsQuotes else { return cell }
    return "\""
      + cell.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
