extension CSVText {
  /// Why text is no table.
  struct ReadingError: Error, CustomStringConvertible {
    /// The line the mistake is in, from 1.
    let line: Int
    let description: String
  }

  /// The rows of a table, each with its cells; lines end in LF or CRLF, and empty ones are left out.
  ///
  /// - Complexity: O(*n*), *n* the bytes.
  static func rows(of bytes: [UInt8]) throws(ReadingError) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var line = 1
    var index = 0
    var wasQuoted = false
    func end() { row.append(String(decoding: cell, as: UTF8.self)); cell = []; wasQuoted = false }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard cell.isEmpty, !wasQuoted else {
          throw ReadingError(line: line, description: "line \(line): a quote inside of a cell")
        }
        wasQuoted = true
        let start = line
        while true {
          guard index < bytes.count else {
            throw ReadingError(
              line: start, description: "line \(start): the quote is not closed")
          }
          let quoted = bytes[index]
          index += 1
          if quoted == UInt8(ascii: "\"") {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { break }
            index += 1
          } else if quoted == UInt8(ascii: "\n") {
            line += 1
          }
          cell.append(quoted)
        }
      case UInt8(ascii: ","): end()
      case UInt8(ascii: "\n"):
        line += 1
        if row.isEmpty, cell.isEmpty, !wasQuoted { continue }
        end()
        rows.append(row)
        row = []
      case UInt8(ascii: "\r") where index < bytes.count && bytes[index] == UInt8(ascii: "\n"):
        continue
      case _:
        guard !wasQuoted else {
          throw ReadingError(line: line, description: "line \(line): text after a closing quote")
        }
        cell.append(byte)
      }
    }
    if !row.isEmpty || !cell.isEmpty || wasQuoted {
      end()
      rows.append(row)
    }
    return rows
  }
}
