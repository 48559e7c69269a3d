/// A function's place in an object.
struct Function: Hashable, Sendable {
  let name: String
  /// The index of its section.
  let section: Int
  /// Where it begins in the section, in bytes.
  let offset: Int
  /// Its size in bytes.
  let size: Int
  let isStatic: Bool
  /// Whether only its own object refers to it, though its binding is global: loaders take it for static.
  let isHidden: Bool
}

/// The functions of an object, by section and rising offset.
struct FunctionTable: Sendable {
  let functions: [Function]
  /// The range in ``functions`` of each section's.
  private let ranges: [Range<Int>]

  init(_ file: ELFFile) throws(ObjectError) {
    var bySection: [[ELF.Symbol]] = Array(repeating: [], count: file.sections.count)
    for symbol in file.symbols {
      guard case .section(let index) = symbol.place, file.sections[index].isExecutable else {
        continue
      }
      switch symbol.kind {
      case .function: bySection[index].append(symbol)
      // Compilers before LLVM 8 leave functions without a type; what is local are labels.
      case .none where symbol.binding != .local: bySection[index].append(symbol)
      case .none, .object, .section, .file, .other: continue
      }
    }
    var functions: [Function] = []
    var ranges: [Range<Int>] = []
    for section in file.sections {
      let start = functions.count
      if section.isExecutable && section.size > 0 {
        functions.append(contentsOf: try Self.functions(in: section, bySection[section.index]))
      }
      ranges.append(start..<functions.count)
    }
    self.functions = functions
    self.ranges = ranges
  }

  /// The position of the function that begins at an offset of a section.
  ///
  /// - Complexity: O(log *n*), *n* the number of functions of the section.
  func index(section: Int, offset: Int) -> Int? {
    let range = ranges[section]
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low < range.upperBound && functions[low].offset == offset ? low : nil
  }

  private static func functions(
    in section: ELF.Section, _ symbols: [ELF.Symbol]
  ) throws(ObjectError) -> [Function] {
    guard section.size.isMultiple(of: 8) else {
      throw .unalignedSection(section: section.name, size: section.size)
    }
    let typed = symbols.filter { $0.kind == .function }
    // Of two names for one place the global one comes first.
    let starts = (typed.isEmpty ? symbols : typed).sorted {
      ($0.value, $0.binding == .local ? 1 : 0, $0.index)
        < ($1.value, $1.binding == .local ? 1 : 0, $1.index)
    }
    guard !starts.isEmpty else {
      // No symbols at all: the section is the program.
      return [
        Function(
          name: section.name, section: section.index, offset: 0, size: section.size,
          isStatic: false, isHidden: false)
      ]
    }
    var functions: [Function] = []
    // Where the next function that has no size of its own would end.
    var following = UInt64(section.size)
    var ends: [UInt64] = []
    for (index, symbol) in starts.enumerated().reversed() {
      ends.append(following)
      if index > 0, starts[index - 1].value < symbol.value { following = symbol.value }
    }
    ends.reverse()
    for (index, symbol) in starts.enumerated() {
      let limit = UInt64(section.size)
      guard symbol.value < limit else {
        throw .functionOutsideSection(
          function: symbol.name, section: section.name, offset: symbol.value, size: symbol.size,
          sectionSize: section.size)
      }
      let size = symbol.size == 0 ? ends[index] - symbol.value : symbol.size
      guard size <= limit - symbol.value else {
        throw .functionOutsideSection(
          function: symbol.name, section: section.name, offset: symbol.value, size: symbol.size,
          sectionSize: section.size)
      }
      guard symbol.value.isMultiple(of: 8), size.isMultiple(of: 8) else {
        throw .unalignedFunction(
          function: symbol.name, section: section.name, offset: symbol.value, size: symbol.size)
      }
      if let previous = functions.last {
        let isAlias = previous.offset == Int(symbol.value) && previous.size == Int(size)
        guard isAlias || previous.offset + previous.size <= Int(symbol.value) else {
          throw .functionsOverlap(
            section: section.name, first: previous.name, second: symbol.name,
            offset: Int(symbol.value))
        }
      }
      functions.append(
        Function(
          name: symbol.name.isEmpty ? section.name : symbol.name, section: section.index,
          offset: Int(symbol.value), size: Int(size), isStatic: symbol.binding == .local,
          isHidden: symbol.visibility == .hidden || symbol.visibility == .internal))
    }
    return functions
  }
}
