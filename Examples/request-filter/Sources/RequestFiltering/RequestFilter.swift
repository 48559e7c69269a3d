public import BPFKit
public import FlyingFox
import Synchronization

/// A program that decides which requests a server answers, given by whoever runs the server, and replaced while it runs.
///
/// Whatever the program is, it cannot do harm: it is proved safe before it runs, and refused with a report if that fails.
public final class RequestFilter: Sendable {
  /// What a filter says of a request.
  public enum Verdict: Hashable, Sendable {
    case pass
    /// With the status to answer.
    case refuse(Int)
  }

  private let slot: ProgramSlot
  private let workers: [Worker]
  private let next = Atomic<Int>(0)
  private let live: Mutex<[Map]>

  /// Loads the first program of an object file.
  ///
  /// - Parameters:
  ///   - bytes: An object of clang's, with a program that takes a `struct request`.
  ///   - workers: How many requests are decided at a time.
  /// - Throws: ``BPFKit/ObjectError`` and ``BPFKit/LoadError``; the latter has the report of a program that is not safe.
  public init(object bytes: [UInt8], workers count: Int = 4) throws {
    let (program, maps) = try Self.load(bytes, workers: count, sharing: [])
    slot = ProgramSlot(program)
    live = Mutex(maps)
    let slot = slot
    workers = (0..<count).map { Worker(slot, number: $0) }
  }

  /// Puts another program in place of the one that decides now. Maps of the same names, which are declared alike, keep what they hold.
  ///
  /// - Throws: As ``init(object:workers:)``; the program that was there goes on.
  public func replace(withObject bytes: [UInt8]) throws {
    try live.withLock { live in
      let (program, maps) = try Self.load(bytes, workers: workers.count, sharing: live)
      try slot.replace(with: program)
      live = maps
    }
  }

  /// Decides about a request.
  public func decide(_ request: HTTPRequest) async -> Verdict {
    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return await workers[Int(UInt(bitPattern: number) % UInt(workers.count))].decide(request)
  }

  /// The maps of the program that decides now.
  public var maps: [Map] { live.withLock { $0 } }

  private static func load(
    _ bytes: [UInt8], workers: Int, sharing maps: [Map]
  ) throws -> (LoadedProgram, [Map]) {
    let object = try ObjectFile(bytes: bytes)
    let engine = Engine(
      object, workers: workers,
      host: HostPlatform(context: RequestView.layout.layout, helpers: HostHelpers([requestHeader])),
      sharing: maps)
    guard let name = object.programs.first(where: { !$0.isSubprogram })?.name else {
      throw NoFilter()
    }
    return (try engine.load(name, as: .hostDefined), engine.maps)
  }

  /// `request_header` of `filters/request.h`.
  private static let requestHeader = HostHelper(
    .firstOfHost, "request_header",
    [.context, .memory, .size, .uninitializedMemory, .size], in: [.hostDefined]
  ) { arguments in
    let name = arguments.withBytes(1) { bytes in
      String(
        decoding: (0..<bytes.byteCount).map {
          bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
        }, as: UTF8.self)
    }
    guard let request = arguments.frame.hostState as? RequestState,
      let value = request.headers[HTTPHeader(name)]
    else { return UInt64(bitPattern: -1) }
    arguments.withMutableBytes(3) { room in
      for (index, byte) in value.utf8.prefix(room.byteCount).enumerated() {
        room.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      }
    }
    return UInt64(value.utf8.count)
  }
}

/// An object file without a program.
public struct NoFilter: Error {}

/// What helpers find of the request that is being decided.
private final class RequestState {
  let headers: HTTPHeaders

  init(_ headers: HTTPHeaders) { self.headers = headers }
}

/// Runs the filter for one request at a time.
private actor Worker {
  private let slot: ProgramSlot
  private let frame: ExecutionFrame

  init(_ slot: ProgramSlot, number: Int) {
    self.slot = slot
    frame = slot.program.makeFrame(worker: number)
  }

  func decide(_ request: HTTPRequest) -> RequestFilter.Verdict {
    var view = RequestView(request)
    frame.hostState = RequestState(request.headers)
    let target = Array(request.target.rawValue.utf8)
    let outcome = slot.program.run(
      frame, on: &view, in: RequestView.layout, packet: target.span.bytes)
    return outcome.returnValue == 0 ? .pass : .refuse(Int(view.status))
  }
}
