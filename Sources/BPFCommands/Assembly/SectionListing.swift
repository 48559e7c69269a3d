import BPFISA
import BPFObject

/// A section of code as `llvm-objdump -d` lists it: as it is in the file, nothing linked.
struct SectionListing {
  let section: ELF.Section
  private let slots: [RawInstruction]
  /// The bytes after the last whole slot.
  private let rest: Int
  private let symbols: [Subprogram]

  init(_ section: ELF.Section, of object: ObjectFile) {
    self.section = section
    let bytes = object.contents(of: section)
    rest = bytes.count % 8
    slots = RawInstruction.slots(of: Array(bytes.dropLast(rest)))
    var byPlace: [Int: String] = [:]
    for symbol in object.symbols where symbol.place == .section(section.index) {
      guard symbol.kind == .function || symbol.kind == .none, !symbol.name.isEmpty,
        symbol.value % 8 == 0, let slot = Int(exactly: symbol.value / 8)
      else { continue }
      // Of several names for a place the function's is shown.
      if byPlace[slot] == nil || symbol.kind == .function { byPlace[slot] = symbol.name }
    }
    if byPlace[0] == nil { byPlace[0] = section.name }
    symbols = byPlace.sorted { $0.key < $1.key }.map {
      Subprogram(name: $0.value.escapedForDisplay, start: $0.key)
    }
  }

  func text(_ disassembler: Disassembler) -> String {
    var text = "Disassembly of section \(section.name.escapedForDisplay):\n"
    text += disassembler.listing(of: slots, symbols: symbols)
    if rest > 0 { text += "\(counted(rest, "byte")) more, less than a slot\n" }
    return text
  }
}
