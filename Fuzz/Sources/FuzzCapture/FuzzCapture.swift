import BPFCapture

/// Bytes as a capture: read to the end, every byte of every packet touched.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer passes a buffer of that many bytes, which are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard var reader = try? CaptureReader(bytes: bytes) else { return 0 }
  do {
    let first = try Summary(&reader)
    reader.rewind()
    let second = try Summary(&reader)
    precondition(first == second, "a second pass gives the same packets as the first")
  } catch {
    // Damage is found at the same place again, by both passes, and within the file.
    let offset = error.offset ?? 0
    precondition(offset <= bytes.count, "an error lies within the file")
    var again: CaptureError?
    do { _ = try reader.next() } catch { again = error }
    precondition(again == error, "damage is reported again")
  }
  return 0
}

/// What there was to see.
private struct Summary: Equatable {
  var packets = 0
  var sum: UInt64 = 0
  var interfaces = 0

  init(_ reader: inout CaptureReader) throws(CaptureError) {
    while let packet = try reader.next() {
      packets += 1
      for byte in reader.bytes(of: packet) { sum &+= UInt64(byte) }
      sum &+= UInt64(bitPattern: packet.timestamp ?? 1)
      precondition(
        reader.interfaces.indices.contains(packet.interface), "a packet's interface is described")
      precondition(
        reader.interfaces[packet.interface].linkType == packet.linkType,
        "a packet has its interface's link type")
    }
    interfaces = reader.interfaces.count
  }
}
