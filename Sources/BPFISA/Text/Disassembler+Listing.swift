extension Disassembler {
  /// The lines `llvm-objdump -d` prints for a code section: symbol headers, slot numbers, bytes, text in the
  /// style's dialect, and for each branch the symbol it lands in. With source lines, as `llvm-objdump -S`.
  ///
  /// Unlike objdump, a slot that is no legal instruction is always `<unknown>`, even if only an unused field is
  /// not zero. Runs of zero slots are elided as objdump does.
  ///
  /// - Parameters:
  ///   - slots: The section's contents.
  ///   - symbols: The symbols of the section, by rising slot. If none is at slot 0, objdump shows the section's
  ///     name there.
  ///   - lines: Source lines, by rising slot; each is printed before the first instruction it covers.
  /// - Complexity: O(*n* log *s*), *n* slots and *s* symbols.
  public func listing(
    of slots: [RawInstruction], symbols: [Subprogram], lines: [LineInfo] = []
  ) -> String {
    var output = ""
    var nextSymbol = 0
    var nextLine = 0
    var shownLine: LineInfo?
    var index = 0
    while index < slots.count {
      while nextSymbol < symbols.count, symbols[nextSymbol].start <= index {
        let symbol = symbols[nextSymbol]
        output += "\n\(paddedHexadecimal(address(of: symbol), digits: 16)) <\(symbol.name)>:\n"
        nextSymbol += 1
        shownLine = nil
      }
      while nextLine < lines.count, lines[nextLine].slot <= index {
        let line = lines[nextLine]
        nextLine += 1
        let isShown = shownLine.map { $0.line == line.line && $0.file == line.file } ?? false
        if !isShown, !line.text.isEmpty {
          output += "; \(line.text)\n"
        }
        shownLine = line
      }
      let limit =
        nextSymbol < symbols.count ? min(symbols[nextSymbol].start, slots.count) : slots.count
      let run = slots[index..<limit].prefix { $0.bits == 0 }.count
      if run > 0 {
        output += "\t\t...\n"
        index += run
        continue
      }
      index += append(slots, at: index, symbols: symbols, to: &output)
    }
    return output
  }

  /// Appends the line of one instruction.
  ///
  /// - Returns: The number of slots shown.
  private func append(
    _ slots: [RawInstruction], at index: Int, symbols: [Subprogram], to output: inout String
  ) -> Int {
    let instruction = try? Instruction(decoding: slots, at: index)
    let count = instruction?.slotCount ?? 1
    let number = String(index)
    output += String(repeating: " ", count: max(0, 8 - number.count)) + number + ":\t"
    for slot in index..<index + count {
      output += (slot == index ? "" : " ") + byteColumns(slots[slot])
    }
    output += "\t"
    guard let instruction else {
      output += "<unknown>\n"
      return 1
    }
    output += text(of: instruction)
    if instruction.isBranch, let target = instruction.target(at: index) {
      output += hint(for: target, symbols: symbols)
    }
    output += "\n"
    return count
  }

  /// The address of a symbol in bytes from the start of the section.
  private func address(of symbol: Subprogram) -> UInt64 {
    UInt64(bitPattern: Int64(symbol.start) &* 8)
  }

  /// ` <symbol+0x20>` for the symbol a slot lies in; nothing where there is none.
  ///
  /// As in objdump, addresses are 64-bit numbers that wrap: a slot before the section lies in its last symbol.
  private func hint(for slot: Int, symbols: [Subprogram]) -> String {
    let target = UInt64(bitPattern: Int64(slot) &* 8)
    var low = 0
    var high = symbols.count
    while low < high {
      let middle = (low + high) / 2
      if address(of: symbols[middle]) <= target {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > 0 else { return "" }
    let symbol = symbols[low - 1]
    let offset = target &- self.address(of: symbol)
    return offset == 0 ? " <\(symbol.name)>" : " <\(symbol.name)+\(hexadecimal(offset))>"
  }
}

/// The eight bytes of a slot in memory order, in hexadecimal, with a space between two.
func byteColumns(_ slot: RawInstruction) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var columns: [UInt8] = []
  columns.reserveCapacity(24)
  for index in 0..<8 {
    let byte = Int(truncatingIfNeeded: slot.bits >> UInt64(index * 8) & 0xff)
    columns += [digits[byte >> 4], digits[byte & 15], UInt8(ascii: " ")]
  }
  columns.removeLast()
  return String(decoding: columns, as: UTF8.self)
}

/// `value` in hexadecimal, filled with zeros to a number of digits.
func paddedHexadecimal(_ value: some BinaryInteger, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
