/// What `bpfkit verify --csv` printed before, to compare with.
struct VerificationBaseline {
  private(set) var entries: [Entry] = []

  struct Entry {
    let file: String
    let program: String
    let verdict: String
    let instructions: Int?
    let states: Int?
  }

  /// Reads comma-separated values: columns are found by the names in the first line, others are left alone.
  init(csv bytes: [UInt8], path: String) throws(CommandError) {
    let rows: [[String]]
    do { rows = try CSVText.rows(of: bytes) } catch {
      throw .input(name: path, detail: error.description)
    }
    guard let heading = rows.first else {
      throw .input(name: path, detail: "empty; expected what bpfkit verify --csv prints")
    }
    func column(_ name: String) throws(CommandError) -> Int {
      guard let index = heading.firstIndex(of: name) else {
        throw .input(
          name: path,
          detail: "there is no column '\(name)'; expected what bpfkit verify --csv prints")
      }
      return index
    }
    let file = try column("file")
    let program = try column("program")
    let verdict = try column("verdict")
    let instructions = try column("insns")
    let states = try column("states")
    for (index, row) in rows.enumerated().dropFirst() {
      guard row.count == heading.count else {
        throw .input(
          name: path,
          detail: "row \(index + 1): \(counted(row.count, "cell")), the first has \(heading.count)")
      }
      entries.append(
        Entry(
          file: row[file], program: row[program], verdict: row[verdict],
          instructions: try Self.number(row[instructions], row: index + 1, path: path),
          states: try Self.number(row[states], row: index + 1, path: path)))
    }
  }

  private static func number(
    _ text: String, row: Int, path: String
  ) throws(CommandError) -> Int? {
    if text.isEmpty { return nil }
    guard let number = Int(text), number >= 0 else {
      throw .input(name: path, detail: "row \(row): '\(text)' is no count")
    }
    return number
  }

  /// The saved result of the same program: of the same file, or of one of the same name in another folder.
  ///
  /// - Complexity: O(*n*), *n* the entries.
  func entry(for report: VerificationReport) -> Entry? {
    let named = entries.filter { $0.program == report.program }
    return named.first { $0.file == report.file }
      ?? named.first { $0.file.lastPathComponent == report.file.lastPathComponent }
  }
}

extension String {
  /// What follows the last slash.
  var lastPathComponent: String {
    guard let slash = lastIndex(of: "/"), index(after: slash) < endIndex else { return self }
    return String(self[index(after: slash)...])
  }
}
