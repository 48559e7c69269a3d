import Foundation

/// Objects in a folder and the folders below it.
enum Corpus {
  static func objects(in folder: String) throws -> [String] {
    guard let files = FileManager.default.enumerator(atPath: folder) else { return [] }
    return files.compactMap { $0 as? String }
      .filter { $0.hasSuffix(".o") || $0.contains("invalid/") }.sorted()
      .map { folder + "/" + $0 }
  }
}
