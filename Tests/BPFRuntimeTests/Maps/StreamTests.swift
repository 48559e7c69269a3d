import BPFPlatform
import Synchronization
import Testing

@testable import BPFRuntime

/// Records and events as the host waits for them.
struct StreamTests {
  private static func ring(_ size: Int = 4096) throws -> Map {
    try Map(
      MapSpec(name: "ring", kind: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: size))
  }

  private static func events(workers: Int) throws -> Map {
    try Map(
      MapSpec(name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 0),
      workers: workers)
  }

  private static func ring(of map: Map) throws -> RingBuffer {
    guard case .ring(let ring) = map.storage else { throw Wrong() }
    return ring
  }

  private struct Wrong: Error {}

  private final class Counter: Sendable {
    private let number: Atomic<Int>

    init(_ value: Int) { number = Atomic(value) }

    var value: Int { number.load(ordering: .relaxed) }

    func decrement() -> Int { number.subtract(1, ordering: .relaxed).newValue }
  }

  /// Lets a task run until it sleeps.
  private static func untilAwaited(_ wakeUp: ConsumerWakeUp) async {
    while !wakeUp.isAwaited { await Task.yield() }
  }

  @Test func `records that are there come at once`() async throws {
    let map = try Self.ring()
    for byte: UInt8 in 1...3 { #expect(map.output([byte]) == 0) }
    var iterator = map.recordStream.makeAsyncIterator()
    for byte: UInt8 in 1...3 { #expect(await iterator.next() == [byte]) }
  }

  @Test func `a sleeping consumer is woken by the record it waits for`() async throws {
    let map = try Self.ring()
    let ring = try Self.ring(of: map)
    let consumer = Task {
      var iterator = map.recordStream.makeAsyncIterator()
      return await iterator.next()
    }
    await Self.untilAwaited(ring.wakeUp)
    let first = try #require(map.reserve(1))
    let second = try #require(map.reserve(1))
    Map.fill(first, 1, 1)
    Map.fill(second, 2, 1)
    // The consumer waits for the first.
    Map.submit(second)
    #expect(ring.wakeUp.isAwaited)
    Map.submit(first)
    #expect(await consumer.value == [1])
  }

  @Test func `flags say whether a consumer is woken`() async throws {
    let map = try Self.ring()
    let ring = try Self.ring(of: map)
    let consumer = Task {
      var iterator = map.recordStream.makeAsyncIterator()
      var records: [[UInt8]?] = []
      for _ in 0..<3 { records.append(await iterator.next()) }
      return records
    }
    await Self.untilAwaited(ring.wakeUp)
    #expect(map.output([1], flags: RingBuffer.WakeUpFlags.never) == 0)
    #expect(ring.wakeUp.isAwaited)
    // The consumer has not come to this one, but is woken.
    #expect(map.output([2], flags: RingBuffer.WakeUpFlags.always) == 0)
    await Self.untilAwaited(ring.wakeUp)
    #expect(map.output([3]) == 0)
    #expect(await consumer.value == [[1], [2], [3]])
  }

  @Test func `a discarded record is passed over`() async throws {
    let map = try Self.ring()
    let ring = try Self.ring(of: map)
    let consumer = Task {
      var iterator = map.recordStream.makeAsyncIterator()
      return await iterator.next()
    }
    await Self.untilAwaited(ring.wakeUp)
    Map.discard(try #require(map.reserve(8)))
    await Self.untilAwaited(ring.wakeUp)
    #expect(map.output([5]) == 0)
    #expect(await consumer.value == [5])
  }

  @Test func `cancellation ends a sequence`() async throws {
    let ring = try Self.ring()
    let events = try Self.events(workers: 1)
    for isSleeping in [true, false] {
      let records = Task {
        var count = 0
        for await _ in ring.recordStream { count += 1 }
        return count
      }
      let sent = Task {
        var count = 0
        for await _ in events.eventStream { count += 1 }
        return count
      }
      if isSleeping { await Self.untilAwaited(try Self.ring(of: ring).wakeUp) }
      records.cancel()
      sent.cancel()
      #expect(await records.value == 0)
      #expect(await sent.value == 0)
    }
  }

  @Test func `other maps have no stream`() async throws {
    let map = try Map(
      MapSpec(name: "array", kind: .array, keySize: 4, valueSize: 4, maxEntries: 1))
    var records = map.recordStream.makeAsyncIterator()
    var events = map.eventStream.makeAsyncIterator()
    #expect(await records.next() == nil)
    #expect(await events.next() == nil)
  }

  @Test(arguments: [1, 2])
  func `no record of several producers is missed`(consumers: Int) async throws {
    let map = try Self.ring(1 << 16)
    let producers = 2
    let each = 20_000
    let left = Counter(producers * each)
    let sums = await withTaskGroup(of: Int?.self) { group in
      let consumerTasks = (0..<consumers).map { _ in
        Task {
          var sum = 0
          for await record in map.recordStream {
            sum += record.reduce(0) { $0 << 8 | Int($1) }
            if left.decrement() == 0 { break }
          }
          return sum
        }
      }
      for producer in 0..<producers {
        group.addTask {
          for number in 0..<each {
            let value = producer * each + number
            let bytes = [UInt8(value >> 16), UInt8(value >> 8 & 255), UInt8(value & 255)]
            while map.output(bytes) != 0 { await Task.yield() }
          }
          return nil
        }
      }
      await group.waitForAll()
      while left.value > 0 { await Task.yield() }
      var sums = 0
      for task in consumerTasks {
        task.cancel()
        sums += await task.value
      }
      return sums
    }
    #expect(sums == (0..<producers * each).reduce(0, +))
  }

  @Test func `events come with the counts of those lost`() async throws {
    let map = try Map(
      MapSpec(name: "events", kind: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 0),
      workers: 2, limits: MapLimits(eventBufferBytes: 32))
    #expect(map.outputEvent([1], flags: 0xffff_ffff, worker: 0) == 0)
    #expect(map.outputEvent([2], flags: 0xffff_ffff, worker: 1) == 0)
    #expect(map.outputEvent([3], flags: 0xffff_ffff, worker: 1) == 0)
    #expect(map.outputEvent([4], flags: 0xffff_ffff, worker: 1) == -28)
    var iterator = map.eventStream.makeAsyncIterator()
    var elements: [MapEventStream.Element] = []
    for _ in 0..<4 { elements.append(try #require(await iterator.next())) }
    #expect(
      elements == [
        .event(MapEvent(worker: 0, bytes: [1])), .lost(worker: 1, count: 1),
        .event(MapEvent(worker: 1, bytes: [2])), .event(MapEvent(worker: 1, bytes: [3])),
      ])
    let consumer = Task {
      var iterator = map.eventStream.makeAsyncIterator()
      // Counts of what was lost before come first.
      return [await iterator.next(), await iterator.next()]
    }
    guard case .events(let buffers) = map.storage, let first = buffers.first else { throw Wrong() }
    await Self.untilAwaited(first.wakeUp)
    #expect(map.outputEvent([5], flags: 0xffff_ffff, worker: 1) == 0)
    #expect(
      await consumer.value
        == [.lost(worker: 1, count: 1), .event(MapEvent(worker: 1, bytes: [5]))])
  }

  @Test func `records without room are counted`() throws {
    let map = try Self.ring()
    let bytes = [UInt8](repeating: 7, count: 1016)
    for _ in 0..<3 { #expect(map.output(bytes) == 0) }
    #expect(map.lostRecords == 0)
    #expect(map.output(bytes) == -11)
    #expect(map.reserve(1016) == nil)
    #expect(map.lostRecords == 2)
  }
}
