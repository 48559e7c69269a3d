import PatcherOracles

/// Bytes as the choices that a program and its edits are made of: the patcher and the obvious algorithm agree on them.
/// A case on which they do not is made small and printed.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  var choices = unsafe Choices(bytes: [UInt8](UnsafeBufferPointer(start: start, count: count)))
  let made = PatchingCase(random: &choices)
  guard made.difference() != nil else { return 0 }
  let shrunk = made.shrunk { $0.difference() != nil }
  print(shrunk)
  print(shrunk.difference() ?? "")
  preconditionFailure("the patcher and the naive one differ")
}
