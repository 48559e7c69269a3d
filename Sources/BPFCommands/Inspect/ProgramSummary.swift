import BPFISA
import BPFObject
import BPFPlatform

/// What a program of an object is and uses.
struct ProgramSummary {
  let program: ObjectProgram
  /// The linked program, or why it cannot be linked.
  let linked: Result<LinkedProgram, ObjectError>
  /// The helpers it calls, by number.
  let helpers: [HelperID]
  /// The kernel functions it calls, by BTF id.
  let kernelFunctions: [Int32]
  /// The number of instructions, of which a 16-byte load immediate takes two slots.
  let instructionCount: Int

  init(_ program: ObjectProgram, of object: ObjectFile) {
    self.program = program
    do throws(ObjectError) { linked = .success(try object.link(program)) } catch {
      linked = .failure(error)
    }
    var helpers: Set<Int32> = []
    var kernelFunctions: Set<Int32> = []
    var count = 0
    if case .success(let linked) = linked {
      let slots = linked.program.slots
      var index = 0
      while index < slots.count {
        guard let instruction = try? Instruction(decoding: slots, at: index) else { break }
        if case .call(let target) = instruction {
          switch target {
          case .helper(let id): helpers.insert(id)
          case .kernelFunction(let id, module: _): kernelFunctions.insert(id)
          case .local, .register: break
          }
        }
        count += 1
        index += instruction.slotCount
      }
    }
    self.helpers = helpers.sorted().map(HelperID.init(rawValue:))
    self.kernelFunctions = kernelFunctions.sorted()
    instructionCount = count
  }

  /// A helper as the kernel names it, or its number.
  static func name(of helper: HelperID) -> String { helper.name ?? "helper \(helper.rawValue)" }
}

extension ProgramSummary {
  var tree: TextTree {
    let type = program.type?.name ?? "type unknown"
    let section = "section \(program.sectionName.quotedForDisplay)"
    let traits =
      (program.isOptional ? ", optional" : "") + (program.isStatic ? ", static" : "")
      + (program.attachType.map { ", attach type \($0)" } ?? "")
    let heading = "\(program.name.escapedForDisplay): \(type), \(section)\(traits)"
    switch linked {
    case .failure(let error):
      return TextTree(heading, [TextTree("cannot be linked: \("\(error)".escapedForDisplay)")])
    case .success(let linked):
      let functions = linked.program.subprograms.map(\.name.escapedForDisplay)
      var children = [
        TextTree(
          "\(counted(instructionCount, "instruction")) in "
            + "\(counted(linked.program.slots.count, "slot"))")
      ]
      if functions.count > 1 {
        children.append(TextTree("functions: \(functions.joined(separator: ", "))"))
      }
      if !helpers.isEmpty {
        children.append(
          TextTree("helpers: \(helpers.map(Self.name(of:)).joined(separator: ", "))"))
      }
      if !kernelFunctions.isEmpty {
        children.append(
          TextTree("kernel functions: \(counted(kernelFunctions.count, "different one"))"))
      }
      if !linked.maps.isEmpty {
        children.append(
          TextTree("maps: \(linked.maps.map(\.name.escapedForDisplay).joined(separator: ", "))"))
      }
      return TextTree(heading, children)
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", program.name)
      writer.member("section", program.sectionName)
      writer.member("type", program.type.map { .string($0.name) } ?? .null)
      writer.member("attach_type", program.attachType.map { .integer(Int128($0)) } ?? .null)
      writer.member("target", program.target.map(JSONValue.string) ?? .null)
      writer.member("optional", program.isOptional)
      writer.member("static", program.isStatic)
      switch linked {
      case .failure(let error): writer.member("error", "\(error)")
      case .success(let linked):
        writer.member("instructions", instructionCount)
        writer.member("slots", linked.program.slots.count)
        writer.member("functions", linked.program.subprograms.map(\.name))
        writer.member("helpers", helpers.map(Self.name(of:)))
        writer.member("kernel_functions", kernelFunctions.count)
        writer.member("maps", linked.maps.map(\.name))
      }
    }
  }
}
