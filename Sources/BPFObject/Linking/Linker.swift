import BPFISA
import BPFPlatform

/// Puts a function and everything it calls into one program.
///
/// Each function is placed once, behind those that were met before it; references to functions are filled in
/// when all have their place.
struct Linker {
  let object: ObjectFile
  private(set) var slots: [RawInstruction] = []
  /// The functions placed and to be placed, in order of their first mention.
  private var queue: [Int] = []
  /// Where each function begins, in slots; nil until it is placed.
  private var starts: [Int: Int?] = [:]
  /// Slots whose immediate is the distance to a function.
  private var references: [(slot: Int, function: Int)] = []
  /// The object's maps that the program refers to, by the index it gives them.
  private(set) var maps: [Int] = []
  private var mapIndices: [Int: Int32] = [:]

  init(_ object: ObjectFile) { self.object = object }

  mutating func link(_ entry: Int) throws(ObjectError) -> Program {
    enqueue(entry)
    var next = 0
    while next < queue.count {
      try place(queue[next])
      next += 1
    }
    for reference in references {
      guard let start = starts[reference.function] ?? nil else {
        preconditionFailure("every function referred to has been placed")
      }
      slots[reference.slot].immediate = Int32(clamping: start - reference.slot - 1)
    }
    var lines = LineLinker(object)
    var prototypes = PrototypeLinker(object)
    var placedLines: [LineInfo] = []
    var subprograms: [Subprogram] = []
    for index in queue {
      guard let start = starts[index] ?? nil else {
        preconditionFailure("every function in the queue has been placed")
      }
      let function = object.functionTable.functions[index]
      subprograms.append(
        Subprogram(name: function.name, start: start, prototype: prototypes.prototype(of: function))
      )
      placedLines.append(contentsOf: try lines.lines(of: function, placedAt: start))
    }
    do {
      return try Program(
        name: object.functionTable.functions[entry].name, slots: slots, subprograms: subprograms,
        lines: placedLines, mapNames: maps.map { object.maps[$0].name })
    } catch {
      throw failure(at: error)
    }
  }

  /// The place in the object of a slot that is no instruction.
  private func failure(at error: DecodingError) -> ObjectError {
    var place = (function: queue[0], start: 0)
    for index in queue {
      if let start = starts[index] ?? nil, start <= error.slot { place = (index, start) }
    }
    let function = object.functionTable.functions[place.function]
    return .link(
      function: function.name, section: object.sections[function.section].name,
      offset: function.offset + 8 * (error.slot - place.start), .invalidInstruction(error))
  }

  /// Makes sure that a function will be placed.
  mutating func enqueue(_ function: Int) {
    if starts[function] == nil {
      starts[function] = .some(nil)
      queue.append(function)
    }
  }

  /// Notes that a slot's immediate is to become the distance to a function.
  mutating func refer(from slot: Int, to function: Int) {
    enqueue(function)
    references.append((slot, function))
  }

  /// The index the program gives to a map of the object.
  mutating func index(ofMap map: Int) -> Int32 {
    if let known = mapIndices[map] { return known }
    let index = Int32(clamping: maps.count)
    maps.append(map)
    mapIndices[map] = index
    return index
  }

  private mutating func place(_ index: Int) throws(ObjectError) {
    let function = object.functionTable.functions[index]
    let section = object.sections[function.section]
    let reader = object.file.reader(section)
    let start = slots.count
    starts[index] = .some(start)
    slots.reserveCapacity(start + function.size / 8)
    for offset in stride(from: function.offset, to: function.offset + function.size, by: 8) {
      slots.append(RawInstruction(bits: try reader.uint64(at: offset)))
    }
    let site = Site(function: function, section: section, start: start)
    try checkCoreRelocations(site)
    var relocated: Set<Int> = []
    for relocation in relocations(of: function) {
      guard relocation.offset.isMultiple(of: 8) else {
        throw site.failure(relocation.offset, .unalignedRelocation)
      }
      try apply(relocation, site)
      relocated.insert(site.slot(relocation.offset))
    }
    try linkRelativeReferences(site, relocated)
  }

  /// Where a function comes from and where it is placed.
  struct Site {
    let function: Function
    let section: ELF.Section
    /// The slot of the program at which it starts.
    let start: Int

    /// The slot for an offset in the section.
    func slot(_ offset: Int) -> Int { start + (offset - function.offset) / 8 }
    /// The offset in the section of a slot.
    func offset(_ slot: Int) -> Int { function.offset + 8 * (slot - start) }

    func failure(_ offset: Int, _ defect: LinkDefect) -> ObjectError {
      .link(function: function.name, section: section.name, offset: offset, defect)
    }
  }

  private func relocations(of function: Function) -> ArraySlice<ELF.Relocation> {
    object.file.relocations[function.section].slice(
      from: function.offset, to: function.offset + function.size
    ) { $0.offset }
  }

  /// Relative calls and function addresses that the compiler resolved: their targets move with their functions.
  private mutating func linkRelativeReferences(
    _ site: Site, _ relocated: Set<Int>
  ) throws(ObjectError) {
    var slot = site.start
    let end = site.start + site.function.size / 8
    while slot < end {
      let raw = slots[slot]
      let isCall = raw.opcode == 0x85 && raw.source == 1
      let isAddress = raw.isWide && raw.source == 4
      if (isCall || isAddress) && !relocated.contains(slot) {
        let target = Int64(site.offset(slot)) + 8 * (Int64(raw.immediate) + 1)
        let range = Int64(site.function.offset)..<Int64(site.function.offset + site.function.size)
        if let function = object.functionTable.index(
          section: site.section.index, offset: Int(target))
        {
          refer(from: slot, to: function)
        } else if !range.contains(target) {
          throw site.failure(
            site.offset(slot),
            .noFunctionAt(symbol: nil, section: site.section.name, offset: target))
        }
      }
      slot += raw.isWide ? 2 : 1
    }
  }

  private func checkCoreRelocations(_ site: Site) throws(ObjectError) {
    let records = (object.info.coreRelocations[site.section.name] ?? []).slice(
      from: site.function.offset, to: site.function.offset + site.function.size
    ) { $0.offset }
    // The object's own type id stands in the instruction already; everything else asks about the target.
    guard let record = records.first(where: { $0.kind != .localTypeID }),
      let relocation = object.coreRelocation(record, section: site.section.name)
    else { return }
    throw site.failure(
      record.offset,
      .coreRelocation(
        kind: relocation.kind, type: relocation.typeName, access: relocation.access))
  }

  mutating func replace(_ slot: Int, _ instruction: RawInstruction) { slots[slot] = instruction }
}

extension Array {
  /// The elements whose key, by which they are sorted, lies in a range.
  ///
  /// - Complexity: O(log *n*).
  func slice(from low: Int, to high: Int, key: (Element) -> Int) -> ArraySlice<Element> {
    func firstIndex(notBelow value: Int) -> Int {
      var low = 0
      var high = count
      while low < high {
        let middle = (low + high) / 2
        if key(self[middle]) < value { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return self[firstIndex(notBelow: low)..<firstIndex(notBelow: high)]
  }
}
