internal import Synchronization

/// Memory for compiled code: packs of 2 MiB, of which images get chunks of 64 bytes.
///
/// Many small programs share pages, and the processor's translations of their addresses, and lie within reach of the functions
/// that they call. Nothing is ever writable and executable: ``TextCopyHook`` says how code gets into its pack. Bytes of packs
/// that hold no code trap, and so do addresses that held code until it was freed.
///
/// An image that is larger than a pack gets pages of its own. So does every image where the system has no executable files in
/// memory: code in private pages cannot be changed while other code in them may run.
///
/// A pack that is empty goes back to the system, except for one, which is kept inaccessible.
///
/// All of it is safe to use from many threads at once. A child process that `fork` made may run the code it
/// inherited, and allocates from packs of its own.
public final class CodePacks: Sendable {
  /// The most bytes an image may have: with more, code would not reach its own other end.
  public static let maximumSize = 1 << 30

  /// The packs of this process, within reach of this module's own functions.
  public static let shared = CodePacks(near: moduleAddress)

  /// An address among this module's own functions.
  public static var moduleAddress: UInt { ExecutableMemory.moduleAddress }

  let hook: TextCopyHook
  private let storage: CodeStorage
  let system: CodePackSystem
  let state: Mutex<State>

  /// Packs that lie within ±1 GiB of an address where there is place, and anywhere where there is none.
  public convenience init(
    near anchor: UInt, hook: TextCopyHook = .default, storage: CodeStorage = .packs
  ) {
    self.init(near: anchor, hook: hook, storage: storage, system: .current())
  }

  init(
    near anchor: UInt, hook: TextCopyHook, storage: CodeStorage = .packs, system: CodePackSystem
  ) {
    self.hook = hook
    self.storage = storage
    self.system = system
    // One of 256 places, so that where the module lies does not tell where code lies.
    let distance = UInt.random(in: 1...256) * UInt(CodePack.byteCount)
    let placement = CodePlacement(near: anchor, distance: distance)
    state = Mutex(State(placement: placement, owner: system.processIdentifier()))
  }

  /// Finds a place for an image of so many bytes, and a buffer to write it in.
  ///
  /// - Parameter randomizesStart: whether the image begins at a random multiple of 4 bytes, of at least 32 possible ones, for
  ///   which its place is 128 bytes larger. Otherwise it begins at the first multiple of 16 after its header.
  /// - Complexity: O(`size`), and O(packs) to find a pack with room.
  public func allocate(
    _ size: Int, randomizesStart: Bool = false
  ) throws(CodePackError) -> CodeAllocation {
    let copy: TextCopy
    switch hook.support {
    case .supported(let supported): copy = supported
    case .unsupported(let reason): throw .unsupported(reason: reason)
    }
    guard (1...Self.maximumSize).contains(size) else {
      throw .sizeOutOfRange(size, limit: Self.maximumSize)
    }
    let needed = CodeHeader.byteCount + size + (randomizesStart ? Self.roomForRandomStart : 0)
    let process = system.processIdentifier()
    let place = try state.withLock { state throws(CodePackError) in
      state.adopt(by: process)
      var isFileAllowed = storage == .packs
      if isFileAllowed, needed <= CodePack.byteCount {
        let length = (needed + CodePack.chunkSize - 1) / CodePack.chunkSize
        if let place = try state.takeChunks(length, hook: copy, system: system) { return place }
        isFileAllowed = false
      }
      let pages = (needed + ExecutableMemory.pageSize - 1) / ExecutableMemory.pageSize
      return try state.takePages(
        pages * ExecutableMemory.pageSize, isFileAllowed: isFileAllowed, system: system)
    }
    var start = CodeHeader.byteCount
    if randomizesStart {
      let choices = min(place.byteCount - size - start, ExecutableMemory.pageSize) / 4
      start += Int.random(in: 0...choices) * 4
    }
    return CodeAllocation(
      CodeReservation(packs: self, copy: copy, place: place), size: size, start: start)
  }

  /// What code takes at this moment.
  ///
  /// - Complexity: O(packs).
  public var statistics: CodePackStatistics {
    state.withLock { state in
      var statistics = CodePackStatistics()
      statistics.packs = state.packs.count
      statistics.imagesWithOwnPages = state.imagesWithOwnPages
      statistics.bytesInUse = state.bytesOfOwnPages
      statistics.bytesMapped = state.bytesOfOwnPages + state.packs.count * CodePack.byteCount
      statistics.bytesTouched = state.bytesOfOwnPages
      for pack in state.packs {
        statistics.packedImages += pack.imageCount
        statistics.bytesInUse += pack.chunks.usedCount * CodePack.chunkSize
        statistics.bytesTouched += pack.filledBytes
      }
      return statistics
    }
  }

  /// Bytes more that an image with a random start gets.
  private static let roomForRandomStart = 128
}
