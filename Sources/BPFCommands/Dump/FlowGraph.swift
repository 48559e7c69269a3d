import BPFISA

/// The basic blocks of a program's functions and where each may go on, in the order of the program.
struct FlowGraph {
  let functions: [Function]

  struct Function {
    let name: String
    let start: Int
    var blocks: [Block] = []
  }

  struct Block {
    var lines: [DumpedProgram.Line]
    /// Where it may go on, the block that follows first; each once.
    var successors: [Edge] = []
    /// Whether it may leave the function.
    var exits = false
  }

  struct Edge: Hashable {
    /// A block of the function.
    let target: Int
    let isJump: Bool
  }

  /// - Complexity: O(*n* log *n*), *n* the slots.
  init(_ dumped: DumpedProgram) {
    let program = dumped.program
    var lines: [DumpedProgram.Line] = []
    dumped.forEachLine { lines.append($0) }
    let tableTargets = Set(program.jumpTables.flatMap(\.targets))
    // A block begins where a branch leads to, and after a branch or an end.
    var heads = tableTargets.union(program.subprograms.map(\.start))
    for line in lines where line.instruction.endsBlock {
      heads.insert(line.slot + line.instruction.slotCount)
      if line.instruction.isBranch, let target = line.instruction.target(at: line.slot) {
        heads.insert(target)
      }
    }
    var functions: [Function] = []
    var blockAt: [Int: Int] = [:]
    for line in lines {
      if functions.count < program.subprograms.count,
        program.subprograms[functions.count].start <= line.slot
      {
        let subprogram = program.subprograms[functions.count]
        functions.append(Function(name: subprogram.name, start: subprogram.start))
      }
      let function = functions.count - 1
      if heads.contains(line.slot) {
        blockAt[line.slot] = functions[function].blocks.count
        functions[function].blocks.append(Block(lines: []))
      }
      functions[function].blocks[functions[function].blocks.count - 1].lines.append(line)
    }
    for function in functions.indices {
      let range =
        functions[function]
        .start..<(function + 1 < functions.count
        ? functions[function + 1].start : program.slots.count)
      for block in functions[function].blocks.indices {
        guard let last = functions[function].blocks[block].lines.last else { continue }
        var edges: [Edge] = []
        let next = last.slot + last.instruction.slotCount
        if last.instruction.fallsThrough, range.contains(next) {
          edges.append(Edge(target: block + 1, isJump: false))
        }
        var targets: [Int] = []
        if last.instruction.isBranch, let target = last.instruction.target(at: last.slot) {
          targets = [target]
        } else if case .jumpIndirect = last.instruction {
          targets = tableTargets.filter(range.contains).sorted()
        }
        for target in targets {
          // What leads out of the function is no path of it; the verifier refuses it.
          guard range.contains(target), let index = blockAt[target],
            edges.first?.target != index
          else { continue }
          edges.append(Edge(target: index, isJump: true))
        }
        functions[function].blocks[block].successors = edges
        functions[function].blocks[block].exits = last.instruction == .exit
      }
    }
    self.functions = functions
  }
}

extension Instruction {
  /// Whether a block ends with it.
  fileprivate var endsBlock: Bool { isBranch || !fallsThrough }
}
