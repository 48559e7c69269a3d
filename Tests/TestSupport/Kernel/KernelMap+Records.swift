import BPFPlatform
import Glibc

extension KernelMap {
  /// The records that programs submitted to a ring buffer, oldest first, taken out of it.
  ///
  /// The buffer is read where the kernel maps it: a page with the consumer's position, a page with the producer's, and
  /// the data twice in a row. A record is a header of 8 bytes, whose first word is its length and two flags, and its
  /// bytes, padded to 8.
  public func takeRecords() throws -> [[UInt8]] {
    precondition(spec.kind == .ringBuffer, "only ring buffers have records")
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let readable = page + 2 * spec.maxEntries
    let consumer = unsafe mmap(
      nil, page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, 0)
    guard let consumer = unsafe consumer, unsafe consumer != MAP_FAILED else {
      throw KernelRefusal(operation: "map of \(spec.name)", number: errno, log: "")
    }
    defer { unsafe munmap(consumer, page) }
    let producer = unsafe mmap(nil, readable, PROT_READ, MAP_SHARED, descriptor.number, page)
    guard let producer = unsafe producer, unsafe producer != MAP_FAILED else {
      throw KernelRefusal(operation: "map of \(spec.name)", number: errno, log: "")
    }
    defer { unsafe munmap(producer, readable) }

    // SAFETY: both mappings begin with a position of 8 bytes; a record and its copy beyond the end lie in the second. The
    // program that wrote them has returned.
    let end = unsafe producer.load(as: UInt64.self)
    var position = unsafe consumer.load(as: UInt64.self)
    var records: [[UInt8]] = []
    while position < end {
      let header = unsafe producer + page + Int(position % UInt64(spec.maxEntries))
      let word = unsafe header.load(as: UInt32.self)
      let length = Int(word & 0x3fff_ffff)
      let isDiscarded = word & 0x4000_0000 != 0
      if !isDiscarded {
        records.append(unsafe [UInt8](UnsafeRawBufferPointer(start: header + 8, count: length)))
      }
      position += UInt64((length + 8 + 7) / 8 * 8)
    }
    unsafe consumer.storeBytes(of: position, as: UInt64.self)
    return records
  }
}
