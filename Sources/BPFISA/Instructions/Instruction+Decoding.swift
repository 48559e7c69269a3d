extension Instruction {
  /// Decodes the instruction that starts at a slot.
  ///
  /// - Complexity: O(1).
  /// - Throws: ``DecodingError`` if the slot begins no instruction (RFC 9669, and what Linux added since).
  public init(decoding slots: [RawInstruction], at index: Int) throws(DecodingError) {
    preconditionFailure("written next")
  }
}
