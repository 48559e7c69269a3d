import BPFISA
import BPFJIT
import BPFPlatform
import BPFRuntime

/// The machine code of a program beside the instructions it was made of.
struct DumpedImage {
  let program: DumpedProgram
  let image: MachineImage
  let bytes: [UInt8]
  /// Nil where nothing disassembles: bytes are shown then.
  let disassembly: Disassembly?

  /// A piece of code, or what stands before one.
  enum Line {
    /// A function, or something that the compiler made beside them, begins.
    case label(String)
    /// An instruction of the program begins.
    case instruction(DumpedProgram.Line)
    case code(Code)
  }

  /// An instruction of the processor, or bytes that nothing disassembled.
  struct Code {
    let offset: Int
    let bytes: ArraySlice<UInt8>
    /// The instruction; nil for bytes.
    let text: String?
    /// The function it calls, or whose address it has.
    let callee: String?
  }

  init(_ code: NativeCode, of program: DumpedProgram, disassembly: Disassembly?) {
    self.program = program
    image = code.image
    bytes = code.bytes
    self.disassembly = disassembly
    var names: [Int: String] = [:]
    for function in image.functions { names[function.offset] = function.name }
    for stub in image.stubs { names[stub.offset] = Self.name(of: stub.helper) }
    for entry in image.callbackEntries {
      names[entry.offset] =
        "entry of " + (image.functions.first { $0.slot == entry.slot }?.name ?? "\(entry.slot)")
    }
    self.names = names
    var callees: [Int: String] = [:]
    for site in image.callSites where image.calls.targets.indices.contains(Int(site.index.rawValue))
    {
      callees[site.end] = image.calls.targets[Int(site.index.rawValue)].name
    }
    self.callees = callees
  }

  /// What begins at an offset.
  private let names: [Int: String]
  /// The functions outside that are called directly, by the offset after the call.
  private let callees: [Int: String]

  private static func name(of helper: HelperID) -> String {
    helper.internalName ?? helper.name.map { "bpf_" + $0 } ?? "helper \(helper.rawValue)"
  }

  /// What is shown, in order.
  ///
  /// - Complexity: O(*n* log *n*), *n* the instructions and bytes.
  func forEachLine<Failure>(_ body: (Line) throws(Failure) -> Void) throws(Failure) {
    var slots: [DumpedProgram.Line] = []
    program.forEachLine { slots.append($0) }
    let labels = names.keys.sorted()
    let starts = codeStarts(slots)
    var (nextLabel, nextSlot) = (0, 0)
    for (index, start) in starts.enumerated() {
      while nextLabel < labels.count, labels[nextLabel] <= start {
        try body(.label(names[labels[nextLabel]] ?? ""))
        nextLabel += 1
      }
      while nextSlot < slots.count {
        // What has no code of its own is part of what comes before it.
        if let offset = image.offset(ofSlot: slots[nextSlot].slot), offset > start { break }
        try body(.instruction(slots[nextSlot]))
        nextSlot += 1
      }
      let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
      try body(.code(code(start..<end)))
    }
  }

  /// Where pieces of code begin: instructions, or rows of bytes; and behind the code, addresses.
  private func codeStarts(_ slots: [DumpedProgram.Line]) -> [Int] {
    var starts: Set<Int> = [0]
    if let disassembly {
      starts.formUnion(disassembly.instructions.keys)
    } else {
      var marks = Set(slots.compactMap { image.offset(ofSlot: $0.slot) })
      marks.formUnion(names.keys)
      for (start, end) in zip(marks.sorted(), marks.sorted().dropFirst() + [image.codeSize]) {
        starts.formUnion(stride(from: start, to: end, by: Self.rowSize))
      }
    }
    starts = starts.filter { $0 < image.codeSize }
    starts.formUnion(stride(from: image.codeSize, to: bytes.count, by: Self.addressSize))
    return starts.sorted()
  }

  private static let rowSize = 16
  private static let addressSize = 8

  private func code(_ range: Range<Int>) -> Code {
    guard range.lowerBound < image.codeSize else {
      let index = (range.lowerBound - image.codeSize) / Self.addressSize
      return Code(
        offset: range.lowerBound, bytes: bytes[range], text: nil,
        callee: image.calls.targets[index].name)
    }
    let text = disassembly?.instructions[range.lowerBound]
    guard let text else {
      return Code(
        offset: range.lowerBound, bytes: bytes[range], text: nil,
        callee: callees.first { range.contains($0.key - 1) }?.value)
    }
    let plain = Self.withoutPlaces(text)
    if let callee = callees[range.upperBound] {
      let mnemonic = plain.split(separator: " ").first.map(String.init) ?? plain
      return Code(
        offset: range.lowerBound, bytes: bytes[range], text: "\(mnemonic) \(callee)",
        callee: callee)
    }
    guard let target = Self.target(of: text) else {
      return Code(offset: range.lowerBound, bytes: bytes[range], text: plain, callee: nil)
    }
    let callee =
      target >= image.codeSize && target < bytes.count
      ? image.calls.targets[(target - image.codeSize) / Self.addressSize].name : names[target]
    guard let callee else {
      return Code(offset: range.lowerBound, bytes: bytes[range], text: plain, callee: nil)
    }
    let isDirect = !text.contains("# 0x")
    let mnemonic = plain.split(separator: " ").first.map(String.init) ?? plain
    return Code(
      offset: range.lowerBound, bytes: bytes[range],
      text: isDirect ? "\(mnemonic) \(callee)" : "\(plain) # \(callee)", callee: callee)
  }

  /// The place in the code that an instruction leads to or has the address of, as the tool writes it: after `# ` where it is
  /// relative, else as the only operand of a jump or call.
  private static func target(of text: String) -> Int? {
    let words = text.split(separator: " ")
    if let mark = words.firstIndex(of: "#"), mark + 1 < words.count {
      return number(words[mark + 1])
    }
    guard words.count >= 2, words[0].hasPrefix("j") || words[0].hasPrefix("call") else {
      return nil
    }
    return number(words[1])
  }

  private static func number(_ word: Substring) -> Int? {
    word.hasPrefix("0x") ? Int(word.dropFirst(2), radix: 16) : nil
  }

  /// The instruction without what the tool adds of symbols, of which there are none.
  private static func withoutPlaces(_ text: String) -> String {
    var words = text.split(separator: " ")
    if let mark = words.firstIndex(of: "#") { words.removeSubrange(mark...) }
    words.removeAll { $0.hasPrefix("<") && $0.hasSuffix(">") }
    return words.joined(separator: " ")
  }
}
