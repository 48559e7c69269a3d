import Foundation
import Testing

@testable import BPFJIT

/// The mappings of this process, as the system shows them.
struct MemoryMap {
  struct Mapping {
    let range: Range<UInt>
    let permissions: String
    let name: String

    var isWritable: Bool { permissions.contains("w") }
    var isExecutable: Bool { permissions.contains("x") }
  }

  let mappings: [Mapping]

  static func current() throws -> MemoryMap {
    let bytes = try #require(SystemFile.bytes("/proc/self/maps"))
    return MemoryMap(
      mappings: String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
        let fields = line.split(separator: " ", maxSplits: 5)
        let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2 else { return nil }
        return Mapping(
          range: ends[0]..<ends[1], permissions: String(fields[1]),
          name: fields.count > 5 ? fields[5].trimmingCharacters(in: .whitespaces) : "")
      })
  }

  var writableAndExecutable: [Mapping] { mappings.filter { $0.isWritable && $0.isExecutable } }

  func at(_ address: UInt) -> Mapping? { mappings.first { $0.range.contains(address) } }

  /// Those of files in memory with this name.
  func named(_ name: String) -> [Mapping] { mappings.filter { $0.name.contains(name) } }
}

/// Packs whose mappings can be told from those of other tests.
struct NamedPacks {
  let name: String
  let system: CodePackSystem

  init() {
    name = "bpfkit-test-\(UInt64.random(in: 0 ... .max))-"
    system = .current(name: name)
  }

  func make(
    near anchor: UInt = ExecutableMemory.moduleAddress, hook: TextCopyHook = .default
  ) -> CodePacks {
    CodePacks(near: anchor, hook: hook, system: system)
  }
}

extension CodePackSystem {
  /// A system without files in memory.
  static var withoutMemoryFiles: CodePackSystem {
    var system = current()
    system.openMemoryFile = { _ throws(SystemCallFailure) in throw SystemCallFailure(code: 13) }
    return system
  }
}
