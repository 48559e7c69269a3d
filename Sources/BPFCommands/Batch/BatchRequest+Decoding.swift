import BPFPlatform
import BPFRuntime

extension BatchRequest {
  private static let fields = [
    "id", "ebpf", "classic", "asm", "object", "program", "type", "attach_type", "maps", "stage",
    "verified", "engine", "budget", "runs",
  ]

  /// Reads a request out of a line's value, refusing what it does not know.
  init(_ value: JSONValue, limits: BatchLimits) throws(BatchError) {
    guard case .object(let members) = value else {
      throw .notAnObject(found: value.kindName)
    }
    var sources: [(name: String, source: Source)] = []
    var program: String?
    type = nil
    attachType = nil
    maps = []
    stage = .run
    verified = nil
    hasOwnBudget = false
    budget = min(LoadedProgram.defaultBudget, limits.steps)
    runs = []
    var engine: EngineChoice?
    for member in members {
      let field = JSONField(path: member.name, value: member.value)
      switch member.name {
      case "id": break
      case "ebpf":
        let bytes = try field.hex(limit: limits.slots * 8)
        sources.append((member.name, .slots(bytes)))
      case "classic":
        _ = try field.hex(limit: limits.slots * 8)
        sources.append((member.name, .classic))
      case "asm": sources.append((member.name, .assembly(try field.string())))
      case "object":
        sources.append((member.name, .object(path: try field.string(), program: nil)))
      case "program": program = try field.string()
      case "type": type = try field.programType()
      case "attach_type": attachType = UInt32(try field.integer(0...Int128(UInt32.max)))
      case "maps": maps = try field.maps(limits: limits)
      case "stage": stage = try field.choice(Stage.self)
      case "verified": verified = try field.bool()
      case "engine": engine = try field.choice(EngineChoice.self)
      case "budget":
        budget = Int(try field.integer(1...Int128(limits.steps)))
        hasOwnBudget = true
      case "runs": runs = try field.runs(limits: limits)
      default: throw .unknownField(member.name, known: Self.fields)
      }
    }
    switch stage {
    case .rewrite: self.engine = engine ?? .interpreter
    case .compile: self.engine = engine ?? .jit
    case .decode, .verify, .run: self.engine = engine ?? .checked
    }
    guard sources.count == 1 else {
      throw .notOne(of: ["ebpf", "classic", "asm", "object"], found: sources.map(\.name))
    }
    source = sources[0].source
    if case .object(let path, _) = source {
      source = .object(path: path, program: program)
      guard maps.isEmpty else { throw .invalid("maps", "an object declares its own maps") }
    } else {
      guard program == nil else { throw .invalid("program", "names a program of an 'object'") }
      guard type != nil else { throw .missing("type") }
    }
  }
}

extension JSONField {
  fileprivate func programType() throws(BatchError) -> ProgramType {
    let name = try string()
    guard let type = ProgramType(name: name) else {
      throw .unknownName(path, value: name, known: ProgramType.allCases.map(\.name))
    }
    return type
  }

  fileprivate func maps(limits: BatchLimits) throws(BatchError) -> [BatchRequest.MapRequest] {
    let elements = try array()
    guard elements.count <= limits.maps else {
      throw .overLimit(path, asked: elements.count, limit: limits.maps, unit: "maps")
    }
    var result: [BatchRequest.MapRequest] = []
    for (index, element) in elements.enumerated() {
      result.append(try element.map(named: "map\(index)", isInner: false))
    }
    return result
  }

  private static let mapFields = [
    "kind", "key_size", "value_size", "max_entries", "flags", "at", "inner", "contents",
  ]

  private func map(named name: String, isInner: Bool) throws(BatchError) -> BatchRequest.MapRequest
  {
    var kind: MapKind?
    var spec = MapSpec(name: name, kind: .array, keySize: 0, valueSize: 0, maxEntries: 0)
    var slots: [Int] = []
    var contents: [BatchRequest.MapRequest.Entry] = []
    let word: ClosedRange<Int128> = 0...Int128(UInt32.max)
    for (field, name) in try members() {
      switch name {
      case "kind": kind = try field.mapKind()
      case "key_size": spec.keySize = Int(try field.integer(word))
      case "value_size": spec.valueSize = Int(try field.integer(word))
      case "max_entries": spec.maxEntries = Int(try field.integer(word))
      case "flags": spec.flags = MapFlags(rawValue: UInt32(try field.integer(word)))
      case "at" where !isInner:
        for element in try field.array() { slots.append(Int(try element.integer(word))) }
      case "inner" where !isInner:
        spec.inner = Box(try field.map(named: "\(spec.name).inner", isInner: true).spec)
      case "contents" where !isInner:
        for element in try field.array() { contents.append(try element.entry()) }
      default:
        throw .unknownField(
          field.path, known: isInner ? Array(Self.mapFields.prefix(5)) : Self.mapFields)
      }
    }
    guard let kind else { throw .missing("\(path).kind") }
    spec.kind = kind
    return BatchRequest.MapRequest(spec: spec, slots: slots, contents: contents)
  }

  private func mapKind() throws(BatchError) -> MapKind {
    if case .integer = value {
      let number = try integer(0...Int128(UInt32.max))
      guard let kind = MapKind(rawValue: UInt32(number)) else {
        throw .invalid(path, "no kind of map has the number \(number)")
      }
      return kind
    }
    let name = try string()
    guard let kind = MapKind(name: name) else {
      throw .unknownName(path, value: name, known: MapKind.allCases.map(\.name))
    }
    return kind
  }

  private func entry() throws(BatchError) -> BatchRequest.MapRequest.Entry {
    var key: [UInt8]?
    var value: [UInt8]?
    for (field, name) in try members() {
      switch name {
      case "key": key = try field.hex()
      case "value": value = try field.hex()
      default: throw .unknownField(field.path, known: ["key", "value"])
      }
    }
    guard let key else { throw .missing("\(path).key") }
    guard let value else { throw .missing("\(path).value") }
    return BatchRequest.MapRequest.Entry(key: key, value: value)
  }

  fileprivate func runs(limits: BatchLimits) throws(BatchError) -> [BatchRequest.Run] {
    var result: [BatchRequest.Run] = []
    for element in try array() {
      var run = BatchRequest.Run()
      for (field, name) in try element.members() {
        switch name {
        case "input": run.input = try field.hex(limit: limits.inputLength)
        case "context":
          for (field, name) in try field.members() {
            run.context.append(
              BatchRequest.Run.Field(
                name: name, value: UInt64(try field.integer(0...Int128(UInt64.max)))))
          }
        case "repeat": run.count = Int(try field.integer(1...Int128(limits.steps)))
        default: throw .unknownField(field.path, known: ["input", "context", "repeat"])
        }
      }
      result.append(run)
    }
    return result
  }
}
