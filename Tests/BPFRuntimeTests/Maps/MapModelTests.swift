import BPFPlatform
import BPFRuntime
import TestSupport
import Testing

/// Maps against a model, and against the running kernel, under the same random operations.
struct MapModelTests {
  @Test(arguments: MapSamples.all.filter { MapSamples.isModeled($0.kind) })
  func `a map answers as its model`(_ spec: MapSpec) throws {
    let map = try Map(spec, workers: 3)
    let model = ModelMap(spec, workers: 3)
    var traffic = MapTraffic(spec, valueSize: map.hostValueSize, keys: 40, seed: 1)
    for step in 0..<MapSamples.operations {
      let operation = traffic.next()
      if case .nextKey = operation, spec.kind == .lpmTrie || !MapSamples.isOrdered(spec.kind) {
        continue
      }
      let answer = map.perform(operation)
      let expected = model.perform(operation)
      if answer != expected {
        Issue.record("step \(step) of \(spec.name): \(operation): \(answer), not \(expected)")
        return
      }
    }
    if spec.kind == .queue || spec.kind == .stack {
      var left: [[UInt8]] = []
      while let value = try map.pop() { left.append(value) }
      #expect(left == (spec.kind == .stack ? model.queued.reversed() : model.queued))
    } else if spec.kind != .array, spec.kind != .perCPUArray, spec.kind != .cpuMap {
      let entries = try map.entries().map { ($0.key, $0.value) }
      #expect(Dictionary(uniqueKeysWithValues: entries) == model.contents)
      if spec.kind != .deviceMap { #expect(Set(try map.walk()) == Set(model.contents.keys)) }
    }
  }

  @Test(
    .enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"),
    arguments: MapSamples.all + MapSamples.locked)
  func `a map answers as the kernel's`(_ spec: MapSpec) throws {
    let map = try Map(spec, workers: KernelOracle.possibleProcessors)
    let kernel = try KernelMap(spec)
    #expect(map.hostValueSize == kernel.hostValueSize)
    // In an LRU map of the kernel entries may go before it is full: few keys, so that none has to.
    let keys = spec.kind == .lruHash || spec.kind == .lruPerCPUHash ? 32 : 40
    var traffic = MapTraffic(spec, valueSize: map.hostValueSize, keys: keys, seed: 2)
    for step in 0..<MapSamples.operations / 2 {
      let operation = traffic.next()
      if case .nextKey = operation, !MapSamples.isOrdered(spec.kind) { continue }
      let answer = map.perform(operation)
      let expected = try kernel.perform(operation)
      if answer != expected {
        Issue.record("step \(step) of \(spec.name): \(operation): \(answer), not \(expected)")
        return
      }
    }
    if spec.kind == .queue || spec.kind == .stack {
      for _ in 0...spec.maxEntries {
        #expect(try map.perform(.take([])) == kernel.perform(.take([])))
      }
      return
    }
    let walk = try map.walk()
    let expected = try kernel.walk()
    if MapSamples.isOrdered(spec.kind) {
      #expect(walk == expected)
    } else {
      #expect(Set(walk) == Set(expected) && walk.count == expected.count)
    }
    for key in expected { #expect(try map.perform(.get(key)) == kernel.perform(.get(key))) }
    // Twice: a frozen map is not frozen again, and one with locks is not at all.
    for _ in 0..<2 { #expect(try map.perform(.freeze) == kernel.perform(.freeze)) }
    for _ in 0..<100 {
      let operation = traffic.next()
      if case .nextKey = operation { continue }
      #expect(try map.perform(operation) == kernel.perform(operation))
    }
  }

  @Test(.enabled(if: KernelOracle.isAvailable, "\(KernelOracle.comment)"))
  func `arrays of descriptors refuse what the kernel refuses`() throws {
    for kind in [MapKind.programArray, .perfEventArray] {
      let spec = MapSpec(name: "fds", kind: kind, keySize: 4, valueSize: 4, maxEntries: 5)
      let map = try Map(spec)
      let kernel = try KernelMap(spec)
      // The kernel's begins without any event.
      if kind == .perfEventArray { try map.setEventBuffer(open: false, worker: 0) }
      let none: [UInt8] = [0xff, 0xff, 0xff, 0x7f]
      for index in 0..<8 as Range<UInt8> {
        for flags: UInt64 in 0..<5 {
          let set = MapOperation.set([index, 0, 0, 0], none, flags: flags)
          #expect(try map.perform(set) == kernel.perform(set), "\(set)")
        }
        let delete = MapOperation.delete([index, 0, 0, 0])
        #expect(try map.perform(delete) == kernel.perform(delete), "\(delete)")
        let next = MapOperation.nextKey([index, 0, 0, 0])
        #expect(try map.perform(next) == kernel.perform(next), "\(next)")
      }
    }
  }
}
