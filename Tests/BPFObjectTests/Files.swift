import Glibc

/// A file that could not be read, with the system's error number.
struct UnreadableFile: Error {
  let path: String
  let number: Int32
}

/// The contents of a file.
func fileBytes(_ path: String) throws(UnreadableFile) -> [UInt8] {
  guard let file = unsafe fopen(path, "rb") else { throw UnreadableFile(path: path, number: errno) }
  defer { unsafe fclose(file) }
  var contents: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = unsafe fread(&chunk, 1, chunk.count, file)
    if count == 0 { break }
    contents.append(contentsOf: chunk[..<count])
  }
  return contents
}

/// The folder of this target's fixtures.
let fixturesFolder: String = {
  let components = #filePath.split(separator: "/").dropLast()
  return "/" + components.joined(separator: "/") + "/Fixtures/"
}()
