import BPFPlatform
import Glibc

extension KernelMap {
  /// What a batch command did.
  public struct Batch {
    public let entries: [(key: [UInt8], value: [UInt8])]
    /// What the kernel wrote as the place to go on from; what was given where it wrote nothing.
    public let cursor: [UInt8]?
    /// The positive error number, or 0. `ENOENT` comes with entries.
    public let number: Int32
  }

  /// Looks up entries, and removes them if `isTaking`.
  public func batch(
    isTaking: Bool, after cursor: [UInt8]?, count: Int, flags: UInt64 = 0
  ) -> Batch {
    var keys = [UInt8](repeating: 0, count: max(spec.keySize * count, 1))
    var values = [UInt8](repeating: 0, count: max(hostValueSize * count, 1))
    // Hash maps read and write 4 bytes, whatever the size of keys.
    var next = cursor ?? [UInt8](repeating: 0, count: max(spec.keySize, 4))
    let last = next
    let (result, done) = unsafe keys.withUnsafeMutableBytes { keys in
      unsafe values.withUnsafeMutableBytes { values in
        unsafe last.withUnsafeBytes { last in
          unsafe next.withUnsafeMutableBytes { next in
            unsafe call(
              isTaking ? .takeBatch : .lookUpBatch,
              from: cursor == nil ? nil : last.baseAddress,
              to: next.baseAddress, keys: keys.baseAddress, values: values.baseAddress,
              count: count, flags: flags)
          }
        }
      }
    }
    // Of other errors the count says nothing.
    let found = result == 0 || result == -Int(ENOENT) ? done : 0
    return Batch(
      entries: (0..<found).map { index in
        (
          Array(keys[index * spec.keySize..<(index + 1) * spec.keySize]),
          Array(values[index * hostValueSize..<(index + 1) * hostValueSize])
        )
      }, cursor: found > 0 ? next : cursor, number: Int32(-result))
  }

  /// Makes or changes entries: how many, and the positive error number or 0.
  public func updateBatch(
    _ entries: [(key: [UInt8], value: [UInt8])], flags: UInt64 = 0
  ) -> (count: Int, number: Int32) {
    unsafe change(
      .updateBatch, keys: entries.flatMap(\.key), values: entries.flatMap(\.value),
      count: entries.count, flags: flags)
  }

  /// Removes entries: how many, and the positive error number or 0.
  public func deleteBatch(_ keys: [[UInt8]], flags: UInt64 = 0) -> (count: Int, number: Int32) {
    unsafe change(
      .deleteBatch, keys: Array(keys.joined()), values: [], count: keys.count, flags: flags)
  }

  /// SAFETY: there are `count` keys, and as many values for an update.
  @unsafe
  private func change(
    _ command: BPFCommand, keys: [UInt8], values: [UInt8], count: Int, flags: UInt64
  ) -> (count: Int, number: Int32) {
    let (result, done) = unsafe keys.withUnsafeBytes { keys in
      unsafe values.withUnsafeBytes { values in
        unsafe call(
          command, from: nil, to: nil, keys: keys.baseAddress, values: values.baseAddress,
          count: count, flags: flags)
      }
    }
    return (done, Int32(-result))
  }

  /// Makes the call: its result, and the count it leaves.
  @unsafe
  private func call(
    _ command: BPFCommand, from: UnsafeRawPointer?, to: UnsafeRawPointer?,
    keys: UnsafeRawPointer?, values: UnsafeRawPointer?, count: Int, flags: UInt64
  ) -> (result: Int, count: Int) {
    var attributes = BPFAttributes()
    unsafe attributes.set(from, at: 0)
    unsafe attributes.set(to, at: 8)
    unsafe attributes.set(keys, at: 16)
    unsafe attributes.set(values, at: 24)
    attributes.set(UInt32(count), at: 32)
    attributes.set(descriptor.number, at: 36)
    attributes.set(flags, at: 40)
    let result = unsafe attributes.call(command)
    return (result, Int(attributes.word(at: 32)))
  }
}
