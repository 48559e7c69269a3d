/// How much one request line may ask for. A request over a limit is refused with a message naming the limit.
public struct BatchLimits: Hashable, Sendable {
  /// The longest line in bytes.
  public var lineLength = 64 << 20
  /// The most slots of a program: as many as Linux takes from a privileged user.
  public var slots = 1_000_000
  /// The most maps of a request: as many as Linux lets a program use.
  public var maps = 64
  /// The most bytes all maps of a request may take, estimated from their sizes.
  public var mapBytes = 1 << 30
  /// The longest input of a run in bytes.
  public var inputLength = 16 << 20
  /// The longest object file in bytes; at 0, requests cannot name files at all.
  public var objectLength = 256 << 20
  /// The largest `budget` and the largest `repeat`.
  public var steps = 1 << 40
  /// The steps that all runs of a request may take together. Each run counts its instructions, 16 for being
  /// started, and one for every 8 bytes of its input.
  public var stepsPerRequest = 10_000_000_000

  /// Whether compiled programs run in the interpreter, which can end a run, also where a request has no `budget`. A
  /// verified program comes to its end by itself, but callbacks may take it long.
  public var endsEveryRun = false

  public init() {}
}
