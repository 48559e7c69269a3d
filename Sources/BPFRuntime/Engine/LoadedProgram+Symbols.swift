import BPFISA
public import BPFJIT

extension LoadedProgram {
  /// 8 bytes that tell the program's instructions from others', the same in every process: a hash (FNV-1a) of its slots as they
  /// were loaded. Not the kernel's tag of the same program, which is another hash.
  ///
  /// - Complexity: O(*n*), *n* the slots.
  public var tag: [UInt8] {
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    for slot in program.slots { state = (state ^ slot.bits) &* 0x100_0000_01b3 }
    return (0..<8).map { UInt8(truncatingIfNeeded: state >> (56 - 8 * $0)) }
  }

  /// The names of the program's machine code, `bpf_prog_<tag>_<function>`, by address, with its source lines; none where it is
  /// interpreted. What is made for callbacks has `_entry` after the function's name, and stubs that call helpers `_stubs` after
  /// the program's.
  ///
  /// - Complexity: O(*n* log *n*), *n* the slots.
  public var codeSymbols: [CodeSymbol] {
    guard let code = nativeCode else { return [] }
    let image = code.image
    let tag = tag
    var starts: [(offset: Int, name: String)] = image.functions.map { ($0.offset, $0.name) }
    for entry in image.callbackEntries {
      let function = image.functions.first { $0.slot == entry.slot }?.name ?? name
      starts.append((entry.offset, function + "_entry"))
    }
    if let stub = image.stubs.first { starts.append((stub.offset, name + "_stubs")) }
    starts.sort { $0.offset < $1.offset }
    var lines = code.program.lines.compactMap { line in
      image.offset(ofSlot: line.slot).map { (offset: $0, line: line) }
    }[...]
    return starts.indices.map { index in
      let start = starts[index].offset
      let end = index + 1 < starts.count ? starts[index + 1].offset : image.codeSize
      let own = lines.prefix { $0.offset < end }
      lines = lines.dropFirst(own.count)
      return CodeSymbol(
        name: CodeSymbol.programName(starts[index].name, tag: tag),
        address: code.address + UInt(start), size: end - start,
        lines: own.map {
          .init(
            offset: $0.offset - start, file: $0.line.file, number: UInt32(clamping: $0.line.line))
        })
    }
  }

  /// Tells profilers the names of the program's machine code (``codeSymbols``); nothing where it is interpreted.
  ///
  /// - Complexity: O(*n* log *n*), *n* the slots and the bytes of code.
  public func recordSymbols(in file: any CodeSymbolFile) throws(CodeSymbolFileError) {
    guard let code = nativeCode else { return }
    let bytes = code.bytes
    for symbol in codeSymbols where symbol.size > 0 {
      let start = Int(symbol.address - code.address)
      // SAFETY: bytes have no padding.
      try unsafe file.record(
        symbol, code: bytes.span.extracting(start..<start + symbol.size).bytes)
    }
  }
}
