import Testing

@testable import BPFCommands

/// `bpfkit dump --graph`.
@Suite struct DumpGraphTests {
  /// A loop, a branch, an end in the middle, and a function.
  static let text = """
    r6 = 9
    r0 = 0
    L:
    if r0 > 3 goto M
    call f
    r6 += -1
    if r6 != 0 goto L
    exit
    M:
    r0 = 1
    exit
    f:
    r0 = 2
    exit

    """

  @Test func `blocks lead where their instructions do`() throws {
    let program = DumpedProgram(
      program: try BareProgram.assembled(Array(Self.text.utf8), path: "text"), type: nil,
      isGPLCompatible: true)
    // Assembler text has no functions of its own: all is one.
    let graph = FlowGraph(program)
    #expect(graph.functions.count == 1)
    let blocks = graph.functions[0].blocks
    #expect(
      blocks.map { $0.lines.map(\.slot) } == [[0, 1], [2], [3, 4, 5], [6], [7, 8], [9, 10]])
    #expect(blocks.map { $0.successors.map(\.target) } == [[1], [2, 4], [3, 1], [], [], []])
    #expect(blocks.map(\.exits) == [false, false, false, true, true, true])
  }

  @Test func `dot is what bpftool writes`() {
    let run = CommandRun(
      "dump", "original", "--asm", "-", "--graph", "dot",
      input: "r0 = 1\nif r0 > 0 goto L\nL:\nexit\n")
    #expect(
      run.text == #"""
        digraph "DOT graph for eBPF program" {
        subgraph "cluster_0" {
        	style="dashed";
        	color="black";
        	label="program ()";
        	fn_0_bb_0 [shape=Mdiamond,style=filled,label="ENTRY"];

        	fn_0_bb_2 [shape=record,style=filled,label="{   0: (b7) r0 = 1\l\
         |    1: (25) if r0 \> 0x0 goto pc+0\l\
        }"];

        	fn_0_bb_3 [shape=record,style=filled,label="{   2: (95) exit\l\
        }"];

        	fn_0_bb_1 [shape=Mdiamond,style=filled,label="EXIT"];

        	fn_0_bb_0:s -> fn_0_bb_2:n [style="solid,bold", color=black, weight=10, constraint=true];
        	fn_0_bb_2:s -> fn_0_bb_3:n [style="solid,bold", color=black, weight=10, constraint=true];
        	fn_0_bb_3:s -> fn_0_bb_1:n [style="solid,bold", color=black, weight=10, constraint=true];
        	fn_0_bb_0:s -> fn_0_bb_1:n [style="invis", constraint=true];
        }
        }

        """#)
  }

  @Test func `svg shows each instruction once and is closed`() {
    let run = CommandRun("dump", "original", "--asm", "-", "--graph", "svg", input: Self.text)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.hasPrefix("<svg xmlns="))
    #expect(run.text.hasSuffix("</svg>\n"))
    #expect(run.text.contains("(25) if r0 &gt; 0x3 goto pc+4</text>"))
    for slot in 0..<11 {
      #expect(run.text.components(of: ">\(DumpedProgram.number(slot))(") == 1, "slot \(slot)")
    }
    #expect(run.text.components(of: "class=\"back\"") == 1)
    #expect(run.text.components(of: "<g ") == run.text.components(of: "</g>"))
  }

  /// No block lies on another, and no line goes through one.
  @Test func `boxes and lines keep apart`() throws {
    var successors: [[Int]] = []
    var generator = SeededGenerator(seed: 3)
    for block in 0..<200 {
      successors.append(
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in
          Int.random(in: max(0, block - 20)..<min(200, block + 20), using: &generator)
        })
    }
    let sizes = successors.indices.map { (width: 40 + $0 % 7 * 30, height: 20 + $0 % 5 * 16) }
    let layout = LayeredLayout(sizes: sizes, successors: successors)
    for (index, box) in layout.boxes.enumerated() {
      for other in layout.boxes[..<index] {
        #expect(
          box.x + box.width < other.x || other.x + other.width < box.x
            || box.y + box.height < other.y || other.y + other.height < box.y)
      }
      #expect(box.x >= 0 && box.x + box.width <= layout.width)
      #expect(box.y >= 0 && box.y + box.height <= layout.height)
    }
    #expect(layout.routes.count == successors.map(\.count).reduce(0, +))
    var crossed = 0
    for route in layout.routes {
      for (start, end) in zip(route.points, route.points.dropFirst()) {
        #expect(start.x == end.x || start.y == end.y)
        let (left, right) = (min(start.x, end.x), max(start.x, end.x))
        let (top, bottom) = (min(start.y, end.y), max(start.y, end.y))
        crossed += layout.boxes.count {
          left < $0.x + $0.width && right > $0.x && top < $0.y + $0.height && bottom > $0.y
        }
      }
    }
    #expect(crossed == 0)
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(of text: String) -> Int {
    ranges(of: text).count
  }
}
