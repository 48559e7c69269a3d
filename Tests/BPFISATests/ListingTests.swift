import Foundation
import TestSupport
import Testing

@testable import BPFISA

/// Text against `llvm-objdump` 21: committed listings everywhere, the tool itself where it is installed.
@Suite struct ListingTests {
  struct Variant: CustomTestStringConvertible, Sendable {
    let radix: TextStyle.Radix
    let fixture: String
    let options: [String]
    var testDescription: String { fixture }
    var disassembler: Disassembler {
      Disassembler(style: TextStyle(dialect: .llvm, radix: radix))
    }
  }

  static let variants = [
    Variant(radix: .hexadecimal, fixture: "every-form.hexadecimal.txt", options: []),
    Variant(
      radix: .decimal, fixture: "every-form.decimal.txt", options: ["--no-print-imm-hex"]),
  ]

  /// All but `gotox`, which LLVM 21 does not know.
  static let known: [[RawInstruction]] = EncodingSamples.brief.filter { $0[0].opcode != 0x0d }

  @Test(arguments: variants)
  func everyFormIsWrittenAsInTheFixture(_ variant: Variant) throws {
    if Fixtures.areWritten, LLVMTools.areInstalled {
      let text = try LLVMTools.listing(of: Self.known.flatMap { $0 }, options: variant.options)
      try Listing(text).sections[0].text.appending("\n")
        .write(to: Fixtures.url(variant.fixture), atomically: true, encoding: .utf8)
    }
    let section = Listing("Disassembly of section .text:\n" + (try Fixtures.text(variant.fixture)))
      .sections[0]
    #expect(section.slots == Self.known.flatMap { $0 })
    expectSameLines(
      variant.disassembler.listing(of: section.slots, symbols: section.symbols), section.text)
  }

  /// Skipped where LLVM 21 is not installed: the fixture stands in for it.
  @Test(.enabled(if: LLVMTools.areInstalled), arguments: variants)
  func everyExtremeIsWrittenAsByTheTool(_ variant: Variant) throws {
    let slots = EncodingSamples.exhaustive.filter { $0[0].opcode != 0x0d }.flatMap { $0 }
    let text = try LLVMTools.listing(of: slots, options: variant.options)
    let section = Listing(text).sections[0]
    #expect(section.slots == slots)
    expectSameLines(
      variant.disassembler.listing(of: slots, symbols: section.symbols), section.text)
  }

  /// clang reads our text as we do. Skipped where the tools are not installed; left out are forms that are not
  /// clang's or that its text leaves something out of.
  @Test(.enabled(if: LLVMTools.areInstalled), arguments: variants)
  func clangAssemblesTheTextToTheSameSlots(_ variant: Variant) throws {
    var text = ""
    var slots: [RawInstruction] = []
    for encoding in EncodingSamples.exhaustive {
      let instruction = try Instruction(decoding: encoding, at: 0)
      switch instruction {
      case .jumpIndirect, .call(.local), .call(.kernelFunction), .loadPacket(_, .indirect):
        continue
      case .loadWide(_, let immediate):
        guard case .value = immediate else { continue }
      case .jumpLong(let offset):
        // clang 21 reads no more than 16 bits here.
        guard Int16(exactly: offset) != nil else { continue }
      case .arithmetic, .negate, .moveSignExtended, .byteSwap, .castAddressSpace, .load, .store,
        .atomic, .loadAcquire, .storeRelease, .loadPacket, .jump, .jumpIf, .mayGoto,
        .call, .exit:
        break
      }
      text += variant.disassembler.text(of: instruction) + "\n"
      slots += encoding
    }
    let assembled = try LLVMTools.assemble(text)
    #expect(assembled.count == slots.count)
    for (index, (found, expected)) in zip(assembled, slots).enumerated() where found != expected {
      Issue.record("slot \(index): clang has \(found) where \(expected) was written")
      break
    }
  }

  /// A program of several functions, with source lines.
  @Test func sectionsWithSymbolsAndSourceLines() throws {
    let listing = Listing(try Fixtures.text("functions.objdump-S.txt"))
    #expect(listing.sections.count == 2)
    for section in listing.sections {
      let disassembler = Disassembler(style: TextStyle(dialect: .llvm))
      expectSameLines(
        disassembler.listing(of: section.slots, symbols: section.symbols, lines: section.lines),
        section.text)
      #expect(try Assembler.assemble(section.text) == section.slots)
    }
  }

  /// Skipped where the shared folder or LLVM 21 is missing: neither comes with a clone.
  @Test(.enabled(if: LLVMTools.areInstalled && SharedFolder.path != nil))
  func realObjectsAreWrittenAsByTheTool() throws {
    let corpus = URL(fileURLWithPath: (SharedFolder.path ?? "") + "/corpus")
    let objects =
      (FileManager.default.enumerator(at: corpus, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL } ?? [])
      .filter { $0.pathExtension == "o" && !$0.path.contains("/invalid/") }
      .sorted { $0.path < $1.path }
    #expect(!objects.isEmpty)
    // A sample keeps a debug build quick; set BPFKIT_WHOLE_CORPUS for all.
    let isWhole = ProcessInfo.processInfo.environment["BPFKIT_WHOLE_CORPUS"] != nil
    let step = isWhole ? 1 : max(1, objects.count / 12)
    var instructions = 0
    for object in stride(from: 0, to: objects.count, by: step).map({ objects[$0] }) {
      let text = try LLVMTools.run(LLVMTools.objdump ?? "", ["-d", object.path])
      for section in Listing(text).sections where !section.isElided {
        let disassembler = Disassembler(style: TextStyle(dialect: .llvm))
        let found = disassembler.listing(of: section.slots, symbols: section.symbols)
        if found.trimmed != section.text { Issue.record("\(object.path)") }
        expectSameLines(found, section.text)
        if (try? Instruction.decodeAll(section.slots)) != nil {
          #expect(try Assembler.assemble(section.text) == section.slots, "\(object.path)")
        }
        instructions += section.slots.count
      }
    }
    print("compared \(instructions) slots with llvm-objdump")
  }

  /// Reports the first line that differs, not thousands.
  private func expectSameLines(
    _ found: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let found = found.trimmed.split(separator: "\n", omittingEmptySubsequences: false)
    let expected = expected.split(separator: "\n", omittingEmptySubsequences: false)
    for (found, expected) in zip(found, expected) where found != expected {
      #expect(found == expected, sourceLocation: sourceLocation)
      return
    }
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
  }
}
