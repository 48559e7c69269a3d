import BPFISA
import BPFObject
import BPFPlatform
import BPFRuntime

extension BatchSession {
  /// Loads a program out of an object file, with the maps the file declares.
  mutating func loadObject(_ path: String, program name: String?) throws(Refusal) {
    let bytes: [UInt8]
    guard limits.objectLength > 0 else {
      throw .request(.invalid("object", "files may not be named here"))
    }
    do throws(CommandError) {
      bytes = try FileContents.read(path, limit: limits.objectLength)
    } catch {
      throw .request(.file("object: \(error)"))
    }
    let object: ObjectFile
    do throws(ObjectError) {
      object = try timed(\.decode) { () throws(ObjectError) in try ObjectFile(bytes: bytes) }
    } catch {
      throw .verdict(Self.verdict(for: error))
    }
    let chosen = try Self.choose(name, of: object)
    if request.stage == .decode {
      do throws(ObjectError) {
        let linked = try timed(\.decode) { () throws(ObjectError) in try object.link(chosen) }
        reply.statistics.slots = linked.program.slots.count
        reply.statistics.maps = linked.maps.count
      } catch {
        throw .verdict(Self.verdict(for: error))
      }
      return
    }
    if verifies { try verify(chosen, of: object) }
    guard request.makesRuns || request.stage == .compile else { return }
    try checkMapMemory(object.maps, path: "object")
    for engine in engines {
      if engine == .checkedInterpreter {
        try loadChecked(chosen, of: object)
      } else {
        try loadRewritten(of: object, for: engine)
      }
    }
  }

  private mutating func loadChecked(_ name: String, of object: ObjectFile) throws(Refusal) {
    do throws(LoadError) {
      let loaded = try Engine(object, execution: .checked).load(name, as: request.type)
      reply.statistics.slots = loaded.program.slots.count
      reply.statistics.maps = loaded.maps.count
      add(loaded, for: .checkedInterpreter)
    } catch {
      throw .verdict(Self.verdict(for: error))
    }
  }

  /// The program of a name, or the only one.
  private static func choose(_ name: String?, of object: ObjectFile) throws(Refusal) -> String {
    let names = ProgramChoice.names(of: object)
    switch ProgramChoice(name, of: object) {
    case .program(let name): return name
    case .none: throw .request(.invalid("program", "the object has no programs"))
    case .several:
      throw .request(
        .invalid(
          "program",
          "missing, and the object has \(names.count): \(names.joined(separator: ", "))"))
    case .unknown(let name): throw .request(.unknownName("program", value: name, known: names))
    }
  }

  static func verdict(for error: ObjectError) -> BatchReply.Verdict {
    .reject(.init(kind: "object", message: "\(error)"))
  }
}
