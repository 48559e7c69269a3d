import Synchronization
import TestSupport
import Testing

@testable import BPFJIT

struct CodePackFailureTests {
  @Test func `Without a text-copy hook, allocation fails with the reason`() {
    let packs = CodePacks(near: 1 << 40, hook: .unsupported(reason: "no such machine"))
    #expect(throws: CodePackError.unsupported(reason: "no such machine")) {
      _ = try packs.allocate(10).size
    }
    #expect(
      "\(CodePackError.unsupported(reason: "no such machine"))"
        == "native code is not supported here: no such machine")
    #expect(packs.statistics == CodePackStatistics())
  }

  @Test func `Without files in memory, every image has private pages`() throws {
    let packs = CodePacks(near: 0x3456_0000_0000, hook: .default, system: .withoutMemoryFiles)
    let codes = try (0..<20).map { try SmallImage.install(UInt32($0), in: packs) }
    #expect(codes.allSatisfy { $0.reservation.place.region.storage == .privatePages })
    #expect(codes.map(SmallImage.run) == (0..<20).map(UInt32.init))
    #expect(packs.statistics.packs == 0)
    #expect(packs.statistics.imagesWithOwnPages == 20)
    #expect(packs.statistics.bytesTouched == 20 * 4096)
    let large = try SmallImage.install(99, byteCount: 3_000_000, in: packs, randomizesStart: true)
    #expect(SmallImage.run(large) == 99)
    for code in codes { #expect(abs(Int(code.address) - 0x3456_0000_0000) <= 1 << 30) }
  }

  @Test func `Images have private pages where that is asked for`() throws {
    let packs = CodePacks(near: CodePacks.moduleAddress, storage: .privatePages)
    let codes = try [10, 3_000_000].map { try SmallImage.install(4, byteCount: $0, in: packs) }
    #expect(codes.allSatisfy { $0.reservation.place.region.storage == .privatePages })
    #expect(codes.map(SmallImage.run) == [4, 4])
    #expect(packs.statistics.imagesWithOwnPages == 2)
    withExtendedLifetime(codes) {}
  }

  @Test func `Files in memory are used again as soon as the system has them`() throws {
    let isRefused = Atomic(true)
    var system = CodePackSystem.current()
    let open = system.openMemoryFile
    system.openMemoryFile = { byteCount throws(SystemCallFailure) in
      // EMFILE
      if isRefused.load(ordering: .relaxed) { throw SystemCallFailure(code: 24) }
      return try open(byteCount)
    }
    let packs = CodePacks(
      near: ExecutableMemory.moduleAddress, hook: .default, system: system)
    let first = try SmallImage.install(1, in: packs)
    isRefused.store(false, ordering: .relaxed)
    let second = try SmallImage.install(2, in: packs)
    #expect(first.reservation.place.region.storage == .privatePages)
    #expect(second.reservation.place.chunks == 0..<1)
    #expect([first, second].map(SmallImage.run) == [1, 2])
  }

  @Test func `A file that cannot be written is an error of the allocation, and leaves nothing`() {
    let named = NamedPacks()
    var system = named.system
    system.openMemoryFile = { _ in SmallImage.readOnlyFile() }
    let packs = CodePacks(near: 1 << 40, hook: .default, system: system)
    // EBADF
    #expect(throws: CodePackError.copyFailed(code: 9)) { _ = try packs.allocate(10).size }
    #expect(packs.statistics == CodePackStatistics())
  }

  /// A hook some of whose copies fail.
  private final class FailingCopies: Sendable {
    /// So many do not, and after them so many do.
    let good = Atomic(Int.max)
    let bad = Atomic(0)

    func fail(_ count: Int) {
      bad.store(count, ordering: .relaxed)
      good.store(0, ordering: .relaxed)
    }

    var hook: TextCopyHook {
      TextCopyHook(
        support: .supported(
          TextCopy(
            trap: .x86_64,
            copy: { [self] bytes, region, offset throws(CodePackError) in
              guard
                good.subtract(1, ordering: .relaxed).oldValue > 0
                  || bad.subtract(1, ordering: .relaxed).oldValue <= 0
              else { throw .outOfMemory(code: 12) }
              try region.write(bytes, at: offset)
            }, fence: {})))
    }
  }

  private static func expectFailure(_ allocation: consuming CodeAllocation) {
    do throws(CodePackError) {
      let code = try allocation.finalize()
      Issue.record("finalized at \(code.address)")
    } catch {
      #expect(error == .outOfMemory(code: 12))
    }
  }

  @Test func `A copy that fails gives the chunks back, with traps in them`() throws {
    let copies = FailingCopies()
    let packs = NamedPacks().make(hook: copies.hook)
    let kept = try SmallImage.install(1, in: packs)
    let allocation = try packs.allocate(100)
    let place = allocation.readOnlyImage
    copies.fail(1)
    Self.expectFailure(allocation)
    #expect(packs.statistics.bytesInUse == 64)
    #expect(SmallImage.bytes(at: place - 16, count: 128) == [UInt8](repeating: 0xcc, count: 128))
    let next = try SmallImage.install(2, byteCount: 100, in: packs)
    #expect(next.address == place)
    #expect([kept, next].map(SmallImage.run) == [1, 2])
  }

  @Test func `Chunks that traps cannot be copied to are not used again`() throws {
    let copies = FailingCopies()
    let packs = NamedPacks().make(hook: copies.hook)
    let kept = try SmallImage.install(1, in: packs)
    let allocation = try packs.allocate(100)
    // The copy of the image, and of the traps after it.
    copies.fail(2)
    Self.expectFailure(allocation)
    #expect(packs.statistics.bytesInUse == 64 + 128)
    // Pages that are needed first cannot be filled.
    copies.fail(1)
    #expect(throws: CodePackError.outOfMemory(code: 12)) { _ = try packs.allocate(200_000).size }
    #expect(packs.statistics.bytesInUse == 64 + 128)
    let next = try SmallImage.install(2, byteCount: 100, in: packs)
    #expect(next.address == kept.address + 64 + 128)
    #expect([kept, next].map(SmallImage.run) == [1, 2])
  }

  @Test func `Processors are told of code where there was other code, and only then`() throws {
    let fences = Atomic(0)
    let hook = TextCopyHook(
      support: .supported(
        TextCopy(
          trap: .x86_64, copy: TextCopy.x86_64.copy,
          fence: { fences.add(1, ordering: .relaxed) })))
    let packs = NamedPacks().make(hook: hook)
    let kept = try SmallImage.install(0, in: packs)
    for number in 1...3 as ClosedRange<UInt32> {
      #expect(SmallImage.run(try SmallImage.install(number, in: packs)) == number)
      #expect(fences.load(ordering: .relaxed) == Int(number) - 1)
    }
    #expect(SmallImage.run(kept) == 0)
  }

  @Test func `A child process leaves its parent's code alone and allocates elsewhere`() throws {
    let process = Atomic<Int32>(100)
    var system = CodePackSystem.current()
    system.processIdentifier = { process.load(ordering: .relaxed) }
    let packs = CodePacks(near: ExecutableMemory.moduleAddress, hook: .default, system: system)
    var inherited: InstalledCode? = try SmallImage.install(1, in: packs)
    let other = try SmallImage.install(2, in: packs)
    let address = try #require(inherited).address
    process.store(101, ordering: .relaxed)
    inherited = nil
    #expect(SmallImage.bytes(at: address, count: 6) == SmallImage.returning(1))
    let own = try SmallImage.install(3, in: packs)
    #expect(own.reservation.place.region !== other.reservation.place.region)
    #expect([other, own].map(SmallImage.run) == [2, 3])
    #expect(packs.statistics.packedImages == 1)
  }

  @Test func `Every error says what is missing`() {
    #expect("\(CodePackError.outOfMemory(code: 12))".contains("annot allocate memory"))
    #expect(
      "\(CodePackError.sizeOutOfRange(0, limit: 9))"
        == "an image of 0 bytes is not possible: it has 1 to 9")
    #expect("\(CodePackError.executionRefused(code: 13))".contains("executable memory"))
    #expect("\(CodePackError.copyFailed(code: 5))".contains("could not be copied"))
  }
}
