@testable import BPFJIT

extension EncoderFamily {
  static let control = EncoderFamily("control") { _, list in
    list.add("retq") { $0.returnToCaller() }
    list.add("int3") { $0.trap() }
    list.add("lfence") { $0.loadFence() }
    for register in OperandChoice.registers {
      list.add("callq *\(register.text)") { $0.call(register) }
      list.add("jmpq *\(register.text)") { $0.jump(register) }
      list.add("leaq (%rip), \(register.text)") { $0.loadCodeAddress(register) }
    }
    // Distances that are filled in later are 0 until then.
    list.add("callq .+5") { $0.callNear() }
    list.add("callq *(%rip)") { $0.callThroughTable() }
    list.add("jmpq *(%rip)") { $0.jumpThroughTable() }
    for distance: Int32 in [0, 1, -1, 127, 128, -128, -129, 65536, .max, .min] {
      // An assembler would make those short that reach; which are is what branch tables decide.
      list.add("{disp32} jmp \(target(distance, from: 5))") { $0.jump(distance) }
      for condition in FlagCondition.allCases {
        list.add("{disp32} j\(condition.text) \(target(distance, from: 6))") {
          $0.jump(if: condition, distance)
        }
      }
    }
    for distance: Int8 in [0, 1, -1, -2, .max, .min] {
      list.add("jmp \(target(Int32(distance), from: 2))") { $0.jumpShort(distance) }
      for condition in FlagCondition.allCases {
        list.add("j\(condition.text) \(target(Int32(distance), from: 2))") {
          $0.jumpShort(if: condition, distance)
        }
      }
    }
  }

  /// Where a jump of so many bytes leads to: distances are from its end, an assembler's from its start.
  private static func target(_ distance: Int32, from size: Int) -> String {
    let offset = Int(distance) + size
    return offset < 0 ? ".-\(-offset)" : ".+\(offset)"
  }
}
