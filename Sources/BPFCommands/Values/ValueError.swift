/// Why a JSON value cannot become the bytes of a type.
struct ValueError: Error, Hashable {
  /// Where in the value, as `stats.packets[2]`; empty for the whole.
  let path: String
  let reason: Reason

  enum Reason: Hashable {
    case wrongKind(expected: String, found: String)
    case outOfRange(Int128, ClosedRange<Int128>)
    case hex(HexError)
    /// The number of bytes is not the type's.
    case length(found: Int, expected: Int)
    case tooManyElements(found: Int, limit: Int)
    case noSuchMember(String, known: [String])
    case noSuchName(String, known: [String])
    case notAnAddress(String)
    case textTooLong(found: Int, limit: Int)
  }
}

extension ValueError: CustomStringConvertible {
  var description: String {
    let sentence =
      switch reason {
      case .wrongKind(let expected, let found): "expected \(expected), found \(found)"
      case .outOfRange(let value, let range):
        "\(value) is not from \(range.lowerBound) to \(range.upperBound)"
      case .hex(let error): "\(error)"
      case .length(let found, let expected):
        "\(counted(found, "byte")), expected \(expected)"
      case .tooManyElements(let found, let limit):
        "\(counted(found, "element")), there is room for \(limit)"
      case .noSuchMember(let name, let known):
        "no member is named \(name.quotedForDisplay)" + Self.alternatives(name, known)
      case .noSuchName(let name, let known):
        "no value is named \(name.quotedForDisplay)" + Self.alternatives(name, known)
      case .notAnAddress(let text): "\(text.quotedForDisplay) is no address"
      case .textTooLong(let found, let limit):
        "\(counted(found, "byte")) of text, there is room for \(limit)"
      }
    return path.isEmpty ? sentence : "\(path): \(sentence)"
  }

  private static func alternatives(_ name: String, _ known: [String]) -> String {
    if let nearest = NearMatch.nearest(to: name, in: known) {
      return "; did you mean '\(nearest)'?"
    }
    return known.isEmpty || known.count > 16 ? "" : "; there are \(known.joined(separator: ", "))"
  }
}
