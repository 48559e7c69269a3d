import BPFPlatform
import BPFRuntime

/// What a live map holds, for reports.
struct MapListing {
  /// How many entries people are shown unless they ask for all.
  static let defaultLimit = 20

  let spec: MapSpec
  let types: MapTypes
  let entries: [(key: [UInt8], value: [UInt8])]
  /// The number of entries there are, of which ``entries`` has the first.
  let count: Int
  /// The programs of a program array by slot.
  let programs: [(index: UInt32, name: String)]
  private let isSection: Bool
  /// Whether entries that are all zeros are left out.
  private var hidesZeros = false
  /// Why the entries cannot be read, as of a map that only programs may read.
  private var problem: String?

  /// Reads a map.
  ///
  /// - Parameters:
  ///   - limit: The most entries to keep; the others are counted. Entries of arrays that are all zeros are neither kept
  ///     nor counted where there is a limit.
  ///   - declaredPrograms: The programs that a program array will have in slots that are empty yet.
  init(
    of map: Map, types: MapTypes, limit: Int = .max, declaredPrograms: [UInt32: String] = [:]
  ) {
    spec = map.spec
    self.types = types
    isSection = map.spec.isSection
    if map.spec.kind == .programArray {
      programs = (0..<UInt32(clamping: map.spec.maxEntries)).compactMap { index in
        (declaredPrograms[index] ?? map.program(at: index)?.name).map { (index, $0) }
      }
      entries = []
      count = programs.count
      return
    }
    programs = []
    guard map.spec.kind.isListed else {
      entries = []
      count = 0
      return
    }
    hidesZeros = limit < .max && map.spec.kind.hasIndices && !isSection
    var kept: [(key: [UInt8], value: [UInt8])] = []
    var counted = 0
    let all: [(key: [UInt8], value: [UInt8])]
    do throws(MapError) { all = try map.entries() } catch {
      entries = []
      count = 0
      problem = "\(error)"
      return
    }
    for (key, value) in all {
      if hidesZeros, value.allSatisfy({ $0 == 0 }) { continue }
      counted += 1
      if kept.count < limit { kept.append((key, value)) }
    }
    // Maps without an order of their own are shown by key, so that two runs look alike.
    entries =
      map.spec.kind.hasIndices ? kept : kept.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    count = counted
  }

  /// The values of each CPU, of the size that the map declares.
  func values(ofEachCPU value: [UInt8]) -> [ArraySlice<UInt8>] {
    guard spec.kind.isPerCPU else { return [value[...]] }
    let stride = (spec.valueSize + 7) / 8 * 8
    return Swift.stride(from: 0, to: value.count - stride + 1, by: max(1, stride)).map {
      value[$0..<$0 + spec.valueSize]
    }
  }
}

// MARK: - Text

extension MapListing {
  /// The map for people; nothing for maps that hold no values of their own, and for sections without variables.
  var text: String {
    guard spec.kind.isListed || spec.kind == .programArray, spec.valueSize > 0 else { return "" }
    if isSection && !hasVariables { return "" }
    let what =
      spec.kind.hasIndices && spec.kind != .programArray && hidesZeros
      ? "\(counted(count, "entry", plural: "entries")) not 0 of \(spec.maxEntries.grouped)"
      : counted(count, "entry", plural: "entries")
    var text =
      isSection
      ? "\(spec.name.escapedForDisplay)\n"
      : "map \(spec.name.escapedForDisplay) (\(spec.kind.name)): \(what)\n"
    if let problem { text += "  \(problem.escapedForDisplay)\n" }
    for (key, value) in entries {
      let shown = values(ofEachCPU: value).map(types.value.text(of:))
      if isSection {
        text += sectionText(value)
      } else {
        let joined = shown.count == 1 ? shown[0] : "[\(shown.joined(separator: ", "))]"
        text += "  \(types.keyText(key[...])): \(joined)\n"
      }
    }
    for (index, name) in programs { text += "  \(index): \(name.escapedForDisplay)\n" }
    if count > entries.count + programs.count {
      text += "  … \(counted(count - entries.count, "more entry", plural: "more entries"))\n"
    }
    return text
  }

  private var hasVariables: Bool {
    if case .structure(let structure) = types.value { return !structure.members.isEmpty }
    return false
  }

  /// A line for each variable of a section.
  private func sectionText(_ value: [UInt8]) -> String {
    guard case .structure(let structure) = types.value else { return "" }
    var text = ""
    for member in structure.members {
      guard let range = member.range(in: value.count) else { continue }
      text += "  \(member.name.escapedForDisplay) = \(member.type.text(of: value[range]))\n"
    }
    return text
  }
}

// MARK: - JSON

extension MapListing {
  /// When keys and values are written in hexadecimal beside their typed form.
  enum Hexadecimal {
    case always
    /// Only where reading the typed form does not give the same bytes, as for padding that is not 0.
    case whereNeeded
  }

  /// The map with its entries in the form of Documentation/Maps.md.
  func write(to writer: inout JSONWriter, hexadecimal: Hexadecimal = .always) {
    writer.object { writer in
      writer.member("name", spec.name)
      writer.member("kind", spec.kind.name)
      writer.member("key_size", spec.keySize)
      writer.member("value_size", spec.valueSize)
      writer.member("max_entries", spec.maxEntries)
      writer.member("flags", spec.flags.rawValue)
      if let problem { writer.member("error", problem) }
      writer.member("entries") { writer in
        writer.array { writer in
          for (key, value) in entries {
            writer.element { writer in
              write(key: key, value: value, hexadecimal: hexadecimal, to: &writer)
            }
          }
          for (index, name) in programs {
            writer.element { writer in
              writer.object { writer in
                writer.member("key", index)
                writer.member("value", name)
              }
            }
          }
        }
      }
    }
  }

  private func write(
    key: [UInt8], value: [UInt8], hexadecimal: Hexadecimal, to writer: inout JSONWriter
  ) {
    let keyJSON = types.keyJSON(key[...])
    let parts = values(ofEachCPU: value)
    let partsJSON = parts.map(types.value.json(of:))
    var writesKey = true
    var writesValues = true
    if hexadecimal == .whereNeeded {
      writesKey = (try? types.keyBytes(keyJSON)) != key
      writesValues = zip(parts, partsJSON).contains { part, json in
        (try? types.value.bytes(from: json)) != Array(part)
      }
    }
    writer.object { writer in
      writer.member("key", keyJSON)
      if writesKey { writer.member("key_hex") { $0.hex(key) } }
      if spec.kind.isPerCPU {
        writer.member("values", .array(partsJSON))
        if writesValues { writer.member("values_hex", parts.map { HexText.digits(of: $0) }) }
      } else if let json = partsJSON.first {
        writer.member("value", json)
        if writesValues { writer.member("value_hex") { $0.hex(value) } }
      }
    }
  }
}

extension MapKind {
  /// Whether the values of such maps are bytes that mean something outside the kernel.
  var isListed: Bool {
    switch self {
    case .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lruPerCPUHash, .lpmTrie, .deviceMap,
      .deviceMapHash, .cpuMap, .resizableHash:
      true
    case .programArray, .perfEventArray, .stackTrace, .cgroupArray, .arrayOfMaps, .hashOfMaps,
      .socketMap, .xskMap, .socketHash, .cgroupStorage, .reuseportSocketArray, .perCPUCgroupStorage,
      .queue, .stack, .socketStorage, .structOps, .ringBuffer, .inodeStorage, .taskStorage,
      .bloomFilter, .userRingBuffer, .cgroupLocalStorage, .arena, .instructionArray:
      false
    }
  }
}
