public import BPFPlatform

/// What the kernel refuses of the special fields of values (`map_check_btf`).
extension MapSpec {
  /// More fields than a value may have (`BTF_FIELDS_MAX`).
  static let specialFieldLimit = 11

  func checkSpecialFields() throws(MapError) {
    if specialFields.isEmpty { return }
    func refusal(_ words: String, _ number: MapErrno) -> MapError {
      MapError(map: name, reason: .errno(number.rawValue, words))
    }
    guard specialFields.count <= Self.specialFieldLimit else {
      throw refusal(
        "a value has \(specialFields.count) special fields, more than \(Self.specialFieldLimit)",
        .tooBig)
    }
    var end = 0
    var hasLock = false
    var hasGraph = false
    var seen: Set<SpecialField.Kind> = []
    for field in specialFields {
      guard field.offset >= end, field.offset % field.kind.alignment == 0,
        field.offset <= valueSize - field.kind.size
      else {
        throw refusal(
          "a value's special field at \(field.offset) is misaligned, out of order or outside",
          .invalidArgument)
      }
      end = field.offset + field.kind.size
      switch field.kind {
      case .spinLock, .timer, .workQueue, .referenceCount:
        guard seen.insert(field.kind).inserted else {
          throw refusal("a value has two fields of a kind of which it may have one", .tooBig)
        }
        if field.kind == .spinLock { hasLock = true }
      case .listHead, .treeRoot: hasGraph = true
      case .kernelPointer: break
      }
    }
    guard hasLock || !hasGraph else {
      throw refusal("a list or tree in a value needs a lock beside it", .invalidArgument)
    }
    guard flags.isDisjoint(with: [.readOnlyForPrograms, .writeOnlyForPrograms]) else {
      throw refusal("values with special fields must be writable for programs", .accessDenied)
    }
    for field in specialFields where !field.kind.isAllowed(in: kind) {
      throw refusal(
        "values of a \(kind.name) have no \(field.kind.structureName)", .notSupportedByOperation)
    }
  }
}

extension MapSpec.SpecialField.Kind {
  fileprivate var alignment: Int {
    switch self {
    case .spinLock, .referenceCount: 4
    case .kernelPointer, .timer, .workQueue, .listHead, .treeRoot: 8
    }
  }

  fileprivate var structureName: String {
    switch self {
    case .spinLock: "bpf_spin_lock"
    case .timer: "bpf_timer"
    case .workQueue: "bpf_wq"
    case .kernelPointer: "pointer to a kernel object"
    case .listHead: "bpf_list_head"
    case .treeRoot: "bpf_rb_root"
    case .referenceCount: "bpf_refcount"
    }
  }

  /// Whether values of a kind of map may have such a field.
  fileprivate func isAllowed(in map: MapKind) -> Bool {
    let storages: [MapKind] = [.socketStorage, .inodeStorage, .taskStorage, .cgroupLocalStorage]
    return switch self {
    case .spinLock:
      [.hash, .array, .resizableHash, .cgroupStorage].contains(map) || storages.contains(map)
    case .timer, .workQueue: [.hash, .lruHash, .array, .resizableHash].contains(map)
    case .kernelPointer:
      [
        .hash, .perCPUHash, .lruHash, .lruPerCPUHash, .array, .perCPUArray, .resizableHash,
      ].contains(map) || storages.contains(map)
    case .listHead, .treeRoot: [.hash, .lruHash, .array, .resizableHash].contains(map)
    case .referenceCount: true
    }
  }
}

extension MapSpec {
  /// The sizes and fields libbpf gives the kernel where it adjusts what was declared: a ring buffer gets the next power of
  /// two of whole pages, and a map whose types the kernel refuses is made without types, so that its values have no special
  /// fields.
  public var adjustedAsLoadersDo: MapSpec {
    var adjusted = self
    if let inner = inner?.value { adjusted.inner = Box(inner.adjustedAsLoadersDo) }
    do throws(MapError) {
      try checkSpecialFields()
    } catch {
      adjusted.specialFields = []
    }
    guard kind == .ringBuffer || kind == .userRingBuffer, maxEntries > 0, maxEntries <= 1 << 31
    else { return adjusted }
    adjusted.maxEntries = Self.pageSize
    while adjusted.maxEntries < maxEntries { adjusted.maxEntries *= 2 }
    return adjusted
  }
}
