import BPFPlatform
import Glibc

extension KernelMap {
  /// Adds samples to a user ring buffer, without looking whether there is room.
  ///
  /// The buffer is written where the kernel maps it: after the page of the consumer's position a page with the producer's, and
  /// the data twice in a row. A sample is a header of 8 bytes, whose first word is its length, and its bytes, padded to 8.
  public func submitSamples(_ samples: [[UInt8]]) throws {
    precondition(spec.kind == .userRingBuffer, "only user ring buffers take samples")
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let count = page + 2 * spec.maxEntries
    let producer = unsafe mmap(
      nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, page)
    guard let producer = unsafe producer, unsafe producer != MAP_FAILED else {
      throw KernelRefusal(operation: "map of \(spec.name)", number: errno, log: "")
    }
    defer { unsafe munmap(producer, count) }

    // SAFETY: the mapping begins with a position of 8 bytes; a sample and its copy beyond the end lie in it. No program runs.
    var position = unsafe producer.load(as: UInt64.self)
    for sample in samples {
      let header = unsafe producer + page + Int(position % UInt64(spec.maxEntries))
      unsafe header.storeBytes(of: UInt64(sample.count), as: UInt64.self)
      unsafe UnsafeMutableRawBufferPointer(start: header + 8, count: sample.count)
        .copyBytes(from: sample)
      position += UInt64((sample.count + 8 + 7) / 8 * 8)
    }
    unsafe producer.storeBytes(of: position, as: UInt64.self)
  }
}
