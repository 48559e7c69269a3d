import BPFISA
import BPFObject

/// Bytes as an object file: parsed, and every program in it linked and shown.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let object = try? ObjectFile(bytes: bytes) else { return 0 }
  for program in object.programs {
    guard let linked = try? object.link(program.name) else { continue }
    _ = Disassembler().text(of: linked.program, includingSource: true)
  }
  _ = object.maps.count + object.externs.count + object.coreRelocations.count
  return 0
}
