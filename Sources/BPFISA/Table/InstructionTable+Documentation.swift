extension InstructionTable {
  /// The instruction table as a page of Markdown: `Documentation/InstructionSet.md`.
  ///
  /// - Complexity: O(*n*), *n* the number of forms.
  public static func documentation() -> String {
    let sections: [(title: String, note: String, forms: [InstructionForm])] = [
      (
        "Arithmetic",
        "32-bit results clear the upper half of the destination. Division by zero gives 0, modulo zero leaves "
          + "the destination, signed overflow wraps, shift counts are masked.", arithmetic
      ),
      ("Negation, sign-extending moves, address spaces", "", moves),
      ("Byte swaps", "Bits beyond the width become zero.", byteSwaps),
      (
        "Loads and stores",
        "`r11` is the base of stack arguments: written at negative multiples of 8 by the caller, read at "
          + "positive ones by the callee.", memory
      ),
      ("Atomic operations", "Addresses are those of naturally aligned values.", atomics),
      (
        "16-byte load immediates",
        "Two slots. The second slot's opcode, registers and offset are zero; its immediate is given after `;`.",
        wideLoads
      ),
      (
        "Legacy packet loads",
        "Into `r0`; they read `r6`, clobber `r1` to `r5`, and end the program if the bytes are not there.",
        packetLoads
      ),
      ("Jumps", "Displacements count slots from the next instruction.", jumps),
      ("Calls and exit", "", calls),
      ("Internal", "Never accepted from outside.", internalForms),
    ]
    var page = """
      # The instruction set

      Generated from the instruction table (`Sources/BPFISA/Table`); a test compares the two. After a change of the
      table, write the page anew:

          BPFKIT_WRITE_FIXTURES=1 swift test --filter BPFISATests.DocumentationTests

      A slot is 8 bytes, in this order: the opcode; the destination register in the low four bits and the source
      register in the high four of a byte; the offset (16 bits) and the immediate (32 bits), both signed and little
      endian. A field that a form does not use is written `0` below and must be zero. `= n` selects the form: another value is
      another form, or none. Registers are `r0` to `r10`: R is read, W written, RW both, and `[R]` is the address of memory.

      Groups are those of RFC 9669 section 2.4. `v1` to `v4` are the versions of the instruction set as compilers
      number them; later instructions are given with the Linux release that brought them.

      \(textNotes)
      """
    for section in sections {
      page += "\n## \(section.title)\n\n"
      page += section.note.isEmpty ? "" : section.note + "\n\n"
      page += """
        | opcode | class | name | example | destination | source | offset | immediate | flow | memory | group | since |
        |---|---|---|---|---|---|---|---|---|---|---|---|

        """
      for form in section.forms.sorted(by: { $0.opcode < $1.opcode }) {
        page += row(form) + "\n"
      }
    }
    return page
  }

  /// What there is to know of the text beside the examples.
  private static let textNotes = """
    ## Text

    Text is as `llvm-objdump -d` (LLVM 21) prints it, which the kernel's differs from in little but the radix. Where that
    leaves out what tells instructions apart, the lossless dialect, which is the default, has forms of its own:

    | LLVM | lossless | what it is |
    |---|---|---|
    | `call 0x5` | `call pc+0x5`, `call name` | a call of a function of the program |
    | `call 0x5` | `call kfunc[id:5, module:1]` | a call of a kernel function (module 0 is left out) |
    | `ld_pseudo r1, 0x1, 0x5` | `r1 = map[fd:5]` | the address of a map |
    | `ld_pseudo r1, 0x2, 0x5` | `r1 = map[fd:5][0]+0x8` | an address in a map's first value |
    | `ld_pseudo r1, 0x3, 0x5` | `r1 = var[id:5, fd:0]` | the address of a kernel variable |
    | `ld_pseudo r1, 0x4, 0x5` | `r1 = subprog[+0x5]`, `r1 = subprog[name]` | the address of a function |
    | `ld_pseudo r1, 0x5, 0x5` | `r1 = map[idx:5]` | the address of a map, by its index in the program |
    | `ld_pseudo r1, 0x6, 0x5` | `r1 = map[idx:5][0]+0x8` | an address in a map's first value, by index |
    | `r0 = *(u8 *)skb[r3]` | `r0 = *(u8 *)skb[r3 + 0x5]` | an indirect packet load whose immediate is not 0 |

    The assembler reads both dialects. Statements end at the end of a line or at `;`. Comments are `// …`, `# …`, `/* … */`,
    and lines that begin with `;`. Labels are names (`loop:`), or numbers (`1:`) of which `1b` is the last and `1f` the
    next. Numbers are decimal, `0x…`, `0b…`, or octal after a `0`; an immediate may be written signed or unsigned, and one that
    does not fit is refused. Listings are read too: a symbol's header is a label, slot numbers and `<symbol+0x10>` mean
    nothing, and the bytes must agree with the text and settle what it leaves out.

    """

  private static func row(_ form: InstructionForm) -> String {
    var immediate = form.immediate.description
    if let second = form.secondImmediate {
      immediate += "; \(second)"
    }
    let cells = [
      "`\(paddedHexadecimal(form.opcode, digits: 2))`", form.instructionClass.name, form.mnemonic,
      example(form).map { "`\(escaped($0))`" } ?? "–", form.destination.description,
      form.source.description, form.offset.description, immediate, form.controlFlow.rawValue,
      form.memory.rawValue, form.group?.rawValue ?? "–", form.introduction.description,
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  /// A vertical bar would end the cell.
  private static func escaped(_ text: String) -> String {
    String(text.flatMap { $0 == "|" ? "\\|" : String($0) })
  }

  /// The text of an instruction of the form.
  private static func example(_ form: InstructionForm) -> String? {
    let first = RawInstruction(
      opcode: form.opcode, destination: UInt8(form.destination.exampleValue(register: 1)),
      source: UInt8(form.source.exampleValue(register: 2)),
      offset: Int16(form.offset.exampleValue(register: 0)),
      immediate: form.immediate.exampleValue(register: 0))
    let second = form.secondImmediate.map {
      RawInstruction(opcode: 0, immediate: $0.exampleValue(register: 0))
    }
    let slots = EncodedInstruction(first, second).slots
    return (try? Instruction(decoding: slots, at: 0))?.description
  }
}

extension FieldUse {
  /// A value that the field may have.
  fileprivate func exampleValue(register: Int32) -> Int32 {
    switch self {
    case .unused, .any: 0
    case .selector(let value): value
    case .register: register
    case .stackArguments: Int32(Register.r11.rawValue)
    case .operand(.stackArgumentRead): 8
    case .operand(.stackArgumentWrite): -8
    case .operand(.addressSpaces): 0x1_0000
    case .operand(.highHalf): 0
    case .operand: 4
    }
  }
}

extension FieldUse: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unused: "0"
    case .selector(let value): value < 10 ? "= \(value)" : "= \(hexadecimal(value))"
    case .register(.read): "R"
    case .register(.written): "W"
    case .register(.readAndWritten): "RW"
    case .register(.base): "[R]"
    case .stackArguments: "[r11]"
    case .operand(let kind): kind.description
    case .any: "–"
    }
  }
}

extension FieldUse.OperandKind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .value: "value"
    case .memoryOffset: "bytes"
    case .stackArgumentRead: "bytes, 8 16 …"
    case .stackArgumentWrite: "bytes, −8 −16 …"
    case .displacement: "slots"
    case .addressSpaces: "to, from"
    case .packetOffset: "packet offset"
    case .helper: "helper"
    case .kernelFunction: "BTF id"
    case .moduleIndex: "module"
    case .lowHalf: "low half"
    case .highHalf: "high half"
    case .mapDescriptor: "map descriptor"
    case .mapIndex: "map index"
    case .mapValueOffset: "bytes"
    case .variable: "BTF id"
    case .btfDescriptor: "BTF descriptor"
    }
  }
}

extension Introduction: CustomStringConvertible {
  public var description: String {
    switch self {
    case .version(let version): "v\(version)"
    case .linux(let release): "Linux \(release)"
    case .assemblersOnly: "assemblers only"
    case .internalOnly: "internal"
    }
  }
}
