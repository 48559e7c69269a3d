import BPFCapture
import Glibc

/// Walking a capture file of a million packets, and writing it.
struct CaptureBenchmark {
  private let packets = 1_000_000

  func run() throws {
    print("captures of \(packets) packets of 64 bytes, target ≤ 15.0 ns per packet read")
    for format in [CaptureFormat.pcap, .pcapng] {
      let path = "bpfkit-benchmark-\(getpid()).\(format)"
      defer { unsafe unlink(path) }
      let packet = [UInt8](repeating: 0x5a, count: 64)
      let writing = try nanosecondsPerCall(batches: 1, calls: 1) {
        var writer = try CaptureWriter(path: path, format: format)
        try writer.addInterface(CaptureInterface(linkType: .ethernet, resolution: .nanoseconds))
        for index in 0..<packets { try writer.write(packet, timestamp: Int64(index) * 1000) }
        try writer.finish()
      }
      var reader = try CaptureReader(path: path)
      var bytes = 0
      let reading = try nanosecondsPerCall(batches: 10, calls: 1) {
        reader.rewind()
        while let packet = try reader.next() {
          bytes &+= reader.withBytes(of: packet) { $0.byteCount }
        }
      }
      precondition(bytes == 11 * 64 * packets, "every packet was read")
      print(
        column("\(format)") + column(reading / Double(packets), digits: 1, width: 8)
          + " ns per packet read" + column(writing / Double(packets), digits: 1, width: 10)
          + " ns per packet written")
    }
    print("")
  }
}
