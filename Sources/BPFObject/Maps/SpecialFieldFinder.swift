import BPFPlatform

/// Finds in the type of a map's values what the kernel keeps for itself there (its `btf_parse_fields`).
struct SpecialFieldFinder {
  private let btf: BTF
  private var fields: [MapSpec.SpecialField] = []
  private var steps = 0

  /// What a type may not be described with for the kernel to take it.
  private struct Refusal: Error {}

  /// More fields than a value may have.
  private static let fieldLimit = 11
  /// More members than a value has; only files made to waste time have more.
  private static let stepLimit = 1 << 16
  private static let depthLimit = 32

  /// The special fields of values of a type, by rising offset.
  ///
  /// - Returns: nothing where the kernel would refuse the type: loaders then make the map without.
  static func fields(of type: BTF.TypeID, in btf: BTF) -> [MapSpec.SpecialField] {
    var finder = SpecialFieldFinder(btf: btf)
    do throws(Refusal) {
      try finder.visit(type, at: 0, depth: 0)
    } catch {
      return []
    }
    return finder.fields.sorted { $0.offset < $1.offset }
  }

  private init(btf: BTF) { self.btf = btf }

  /// Goes through the members of a structure, or the variables of a section.
  private mutating func visit(
    _ type: BTF.TypeID, at offset: Int, depth: Int
  ) throws(Refusal) {
    guard depth < Self.depthLimit else { throw Refusal() }
    switch btf.types[Int(btf.resolve(type))].kind {
    case .structure(let structure):
      for member in structure.members where member.bitWidth == nil {
        try visitMember(member.type, at: offset + Int(member.bitOffset / 8), depth: depth)
      }
    case .dataSection(_, let variables):
      for variable in variables {
        guard case .variable(let type, _) = btf.types[Int(variable.type)].kind else { continue }
        try visitMember(type, at: offset + Int(variable.offset), depth: depth)
      }
    case .void, .integer, .pointer, .array, .union, .enumeration, .forward, .typedef, .volatile,
      .const, .restrict, .function, .functionPrototype, .variable, .float, .declarationTag,
      .typeTag:
      break
    }
  }

  private mutating func visitMember(
    _ type: BTF.TypeID, at offset: Int, depth: Int
  ) throws(Refusal) {
    steps += 1
    guard steps <= Self.stepLimit else { throw Refusal() }
    var element = btf.resolve(type)
    var count = 1
    var levels = 0
    while case .array(let next, _, let length) = btf.types[Int(element)].kind {
      levels += 1
      guard levels < Self.depthLimit else { throw Refusal() }
      count = count.multipliedReportingOverflow(by: Int(length)).partialValue
      element = btf.resolve(next)
    }
    guard count > 0 else { return }
    guard let kind = try kind(of: element) else {
      guard case .structure = btf.types[Int(element)].kind else { return }
      let before = fields.count
      try visit(element, at: offset, depth: depth + 1)
      let found = Array(fields[before...])
      if !found.isEmpty, count > 1 {
        try repeatFields(found, count: count, stride: btf.size(of: element) ?? 0)
      }
      return
    }
    let isAligned = offset % (kind.size == 4 ? 4 : 8) == 0
    guard btf.size(of: element) == kind.size, isAligned else { return }
    let field = MapSpec.SpecialField(kind, offset: offset)
    try append(field)
    if count > 1 { try repeatFields([field], count: count, stride: kind.size) }
  }

  /// Adds the fields of an array's elements after the first; only some may be in arrays.
  private mutating func repeatFields(
    _ found: [MapSpec.SpecialField], count: Int, stride: Int
  ) throws(Refusal) {
    for field in found {
      switch field.kind {
      case .kernelPointer, .listHead, .treeRoot: break
      case .spinLock, .timer, .workQueue, .referenceCount: throw Refusal()
      }
    }
    guard count <= Self.fieldLimit else { throw Refusal() }
    for index in 1..<count {
      for field in found {
        try append(MapSpec.SpecialField(field.kind, offset: field.offset + index * stride))
      }
    }
  }

  private mutating func append(_ field: MapSpec.SpecialField) throws(Refusal) {
    guard fields.count < Self.fieldLimit else { throw Refusal() }
    switch field.kind {
    case .spinLock, .timer, .workQueue, .referenceCount:
      guard !fields.contains(where: { $0.kind == field.kind }) else { throw Refusal() }
    case .kernelPointer, .listHead, .treeRoot: break
    }
    fields.append(field)
  }

  /// What a member of a type is, if it is anything special.
  private func kind(of type: BTF.TypeID) throws(Refusal) -> MapSpec.SpecialField.Kind? {
    let description = btf.types[Int(type)]
    switch description.kind {
    case .structure:
      return switch btf.shortString(at: description.nameOffset) {
      case "bpf_spin_lock": .spinLock
      case "bpf_timer": .timer
      case "bpf_wq": .workQueue
      case "bpf_list_head": .listHead
      case "bpf_rb_root": .treeRoot
      case "bpf_refcount": .referenceCount
      default: nil
      }
    case .pointer(let target):
      // The tag is the first thing the pointer points to.
      guard case .typeTag(let tagged) = btf.types[Int(target)].kind else { return nil }
      if case .typeTag = btf.types[Int(tagged)].kind { throw Refusal() }
      switch btf.shortString(at: btf.types[Int(target)].nameOffset) {
      case "kptr", "kptr_untrusted", "percpu_kptr": break
      default: throw Refusal()
      }
      guard case .structure = btf.types[Int(btf.resolve(tagged))].kind else { throw Refusal() }
      return .kernelPointer
    case .void, .integer, .array, .union, .enumeration, .forward, .typedef, .volatile, .const,
      .restrict, .function, .functionPrototype, .variable, .dataSection, .float,
      .declarationTag, .typeTag:
      return nil
    }
  }
}

extension MapSpec {
  /// The same with the special fields of its values, and of those of the maps in it.
  func withSpecialFields(_ btf: BTF) -> MapSpec {
    var spec = self
    if let inner = inner?.value { spec.inner = Box(inner.withSpecialFields(btf)) }
    guard let type = valueTypeID, kind.hasTypedValues else { return spec }
    spec.specialFields = SpecialFieldFinder.fields(of: type, in: btf)
    return spec
  }
}

extension MapKind {
  /// Whether loaders tell the kernel the types of keys and values.
  fileprivate var hasTypedValues: Bool {
    switch self {
    case .perfEventArray, .cgroupArray, .stackTrace, .arrayOfMaps, .hashOfMaps, .deviceMap,
      .deviceMapHash, .cpuMap, .xskMap, .socketMap, .socketHash, .programArray, .ringBuffer,
      .userRingBuffer:
      false
    case .hash, .array, .perCPUHash, .perCPUArray, .lruHash, .lruPerCPUHash, .lpmTrie,
      .cgroupStorage, .reuseportSocketArray, .perCPUCgroupStorage, .queue, .stack,
      .socketStorage, .structOps, .inodeStorage, .taskStorage, .bloomFilter,
      .cgroupLocalStorage, .arena, .instructionArray, .resizableHash:
      true
    }
  }
}
