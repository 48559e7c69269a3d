public import BPFPlatform

extension LoadedProgram {
  /// Runs the program on a context that the host defines.
  ///
  /// - Parameters:
  ///   - frame: A frame made for this program, or for one with the same context.
  ///   - context: What the program sees the fields of; it has what the program wrote to them afterwards.
  ///   - layout: The description that the engine was given.
  ///   - packet: The bytes that ``BPFPlatform/TypedContextLayout/packet(_:)`` declares. They are copied.
  ///   - budget: As for ``run(_:budget:)``.
  /// - Complexity: O(*n* + *m*), *n* the instructions executed, *m* the bytes of the packet.
  public func run<Context: BitwiseCopyable>(
    _ frame: ExecutionFrame, on context: inout Context, in layout: TypedContextLayout<Context>,
    packet: RawSpan = RawSpan(), budget: Int? = nil
  ) -> Outcome {
    precondition(
      frame.layout == layout.layout && self.layout == layout.layout,
      "a program runs on the context that it was verified for")
    if frame.packetPlaces.start != nil || packet.byteCount > 0 { frame.packet.load(packet) }
    // SAFETY: the frame's structure begins with the host's, which is plain bytes.
    unsafe frame.context.storeBytes(of: context, as: Context.self)
    frame.pointContextAtPacket()
    let outcome = run(frame, budget: budget)
    context = unsafe frame.context.load(as: Context.self)
    return outcome
  }
}
