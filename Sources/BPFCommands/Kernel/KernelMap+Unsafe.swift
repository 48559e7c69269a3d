import BPFPlatform

/// A map made in the kernel, as a program refers to it.
struct KernelMap {
  let descriptor: KernelDescriptor

  /// Why a map could not be made or filled.
  struct Failure: Error {
    let operation: String
    let error: SystemError
  }

  /// Makes a map with the contents that its declaration gives, as far as verdicts depend on them: those of constants.
  init(_ spec: MapSpec) throws(Failure) {
    let inner = try spec.inner.map { spec throws(Failure) in try KernelMap(spec.value) }
    var call = KernelCall()
    call.set(spec.kind.rawValue, at: 0)
    call.set(UInt32(clamping: spec.keySize), at: 4)
    call.set(UInt32(clamping: spec.valueSize), at: 8)
    // As libbpf does: a perf event array declared without a size has a slot for every processor.
    let isSizedByProcessors = spec.kind == .perfEventArray && spec.maxEntries == 0
    call.set(
      UInt32(clamping: isSizedByProcessors ? Self.possibleProcessors : spec.maxEntries), at: 12)
    call.set(spec.flags.rawValue, at: 16)
    if let inner { call.set(inner.descriptor.number, at: 20) }
    call.setName(spec.name, at: 28)
    call.set(spec.extra, at: 64)
    do throws(SystemError) {
      let types = try KernelMapTypes(spec)
      if let types {
        call.set(types.descriptor.number, at: 48)
        call.set(types.key, at: 52)
        call.set(types.value, at: 56)
      }
      // SAFETY: no addresses are stored.
      descriptor = try withExtendedLifetime((inner, types)) { () throws(SystemError) in
        KernelDescriptor(try unsafe call.make(.createMap))
      }
    } catch {
      throw Failure(operation: "making map '\(spec.name)'", error: error)
    }
    guard spec.isFrozen else { return }
    do throws(SystemError) {
      for entry in spec.contents {
        guard case .bytes(let value) = entry.value, value.count == spec.valueSize,
          entry.key.count == spec.keySize
        else { continue }
        try set(entry.key, value)
      }
      var call = KernelCall()
      call.set(descriptor.number, at: 0)
      // SAFETY: no addresses are stored.
      _ = try unsafe call.make(.freezeMap)
    } catch {
      throw Failure(operation: "filling map '\(spec.name)'", error: error)
    }
  }

  private func set(_ key: [UInt8], _ value: [UInt8]) throws(SystemError) {
    var call = KernelCall()
    call.set(descriptor.number, at: 0)
    // SAFETY: the kernel reads as many bytes as the map's key and value have, which is what these arrays have.
    let result = unsafe key.withUnsafeBytes { key in
      unsafe value.withUnsafeBytes { value in
        unsafe call.set(key.baseAddress, at: 8)
        unsafe call.set(value.baseAddress, at: 16)
        return Result { () throws(SystemError) in try unsafe call.make(.updateElement) }
      }
    }
    _ = try result.get()
  }

  /// The number of slots the kernel gives a per-CPU map.
  private static var possibleProcessors: Int {
    let path = "/sys/devices/system/cpu/possible"
    let bytes: [UInt8]
    do throws(CommandError) { bytes = try FileContents.read(path, limit: 4_096) } catch { return 1 }
    let last = String(decoding: bytes, as: UTF8.self).split { !$0.isNumber }.compactMap { Int($0) }
      .max()
    return (last ?? 0) + 1
  }
}
