import BPFISA

extension CodeGenerator {
  /// Settles what is still open when all instructions are compiled.
  consuming func finish(_ program: Program) throws(DisplacementError) -> MachineImage {
    let entries = emitCallbackEntries()
    let stubPlaces = emitStubs()
    try branches.settle(&encoder)
    for call in localCalls {
      guard let index = functionIndex(at: call.slot),
        let target = branches.offset(ofLabel: entryLabel(of: index))
      else { preconditionFailure("every function that is called is compiled") }
      try point(call.place, at: target)
    }
    for reference in functionReferences {
      guard let entry = entries.first(where: { $0.slot == reference.slot }) else {
        preconditionFailure("every function whose address is taken has an entry")
      }
      try point(reference.place, at: branches.offset(of: entry.place))
    }
    for call in stubCalls { try point(call.place, at: branches.offset(of: stubPlaces[call.stub])) }
    var table: Int?
    if !options.callsNear, !calls.targets.isEmpty {
      while !encoder.code.count.isMultiple(of: 8) { encoder.trap() }
      table = encoder.code.count
      for target in calls.targets { encoder.code.append(target.address, count: 8) }
      for site in callSites {
        try point(
          site.place, at: encoder.code.count - 8 * (calls.targets.count - Int(site.index.rawValue)))
      }
    }
    let sites =
      options.callsNear
      ? callSites.map { MachineImage.CallSite(end: branches.offset(of: $0.place), index: $0.index) }
      : []
    var functions: [MachineImage.Function] = []
    for index in listing.functions.indices {
      guard let offset = branches.offset(ofLabel: entryLabel(of: index)) else { continue }
      let start = listing.functions[index].start
      functions.append(
        MachineImage.Function(
          name: program.subprogram(at: start).name, slot: start, offset: offset))
    }
    return MachineImage(
      code: encoder.code.bytes, codeSize: table ?? encoder.code.count, calls: calls,
      callSites: sites, functions: functions,
      stubs: stubs.indices.map { (stubs[$0].helper, branches.offset(of: stubPlaces[$0])) },
      callbackEntries: entries.map { ($0.slot, branches.offset(of: $0.place)) },
      slotOffsets: branches.offsets(ofLabels: program.slots.count))
  }

  private func functionIndex(at slot: Int) -> Int? {
    var low = 0
    var high = listing.functions.count
    while low < high {
      let middle = (low + high) / 2
      if listing.functions[middle].start < slot { low = middle + 1 } else { high = middle }
    }
    return low < listing.functions.count && listing.functions[low].start == slot ? low : nil
  }

  /// Writes the distance of what an instruction leads to, into its last 4 bytes.
  private mutating func point(
    _ place: BranchTable.Place, at target: Int
  ) throws(DisplacementError) {
    let end = branches.offset(of: place)
    guard let distance = Int32(exactly: target - end) else {
      throw DisplacementError(offset: end, distance: target - end)
    }
    encoder.code[word: end - 4] = UInt32(bitPattern: distance)
  }
}
