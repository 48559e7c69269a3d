#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// SAFETY (whole file): callers pass pointers to at least as many bytes as they say.

/// Copies a value: sizes that fit a register in one store, so that they never tear.
@unsafe
@inline(__always)
func copyValue(to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, count: Int) {
  switch count {
  case 8: unsafe target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
  case 4: unsafe target.storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
  default: unsafe memmove(target, source, count)
  }
}

/// What an update writes: the value of one worker, or every worker's, each padded to 8 bytes, which are kept too.
///
/// In a map that is not per-CPU the two are the same.
@unsafe
enum NewValue {
  case worker(Int, UnsafeRawPointer)
  case all(UnsafeRawPointer)

  /// The worker that gives it; the host counts as the first.
  @inline(__always)
  var worker: Int {
    switch unsafe self {
    case .worker(let worker, _): worker
    case .all: 0
    }
  }
}

/// The slots of a map's values: one for each element, in a per-CPU map one for each element and worker, worker by
/// worker so that workers share no cache line.
@safe
struct ValueSlots {
  /// The slot of element 0 of worker 0.
  let base: UnsafeMutableRawPointer
  let valueSize: Int
  let stride: Int
  /// The distance between an element's slots of two workers; 0 where they share one.
  let workerStride: Int
  let workers: Int
  /// The parts of a value that are not copied, which the table keeps alive; nil where there are none.
  var layout: Unmanaged<ValueLayout>?

  /// Copies a value that replaces another, around what is not copied.
  @unsafe
  @inline(__always)
  private func copy(
    to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, count: Int
  ) {
    guard let layout = unsafe layout else {
      unsafe copyValue(to: target, from: source, count: count)
      return
    }
    unsafe layout._withUnsafeGuaranteedRef {
      unsafe $0.copy(to: target, from: source, count: count)
    }
  }

  /// Makes what is not copied zero, in a worker's slot of an element or in the host's copy of it.
  @unsafe
  @inline(__always)
  func clearFields(_ value: UnsafeMutableRawPointer) {
    guard let layout = unsafe layout else { return }
    unsafe layout._withUnsafeGuaranteedRef { unsafe $0.clear(value) }
  }

  @inline(__always)
  var isPerWorker: Bool { workerStride != 0 }

  /// The bytes of a value as the host sees it.
  var hostSize: Int { isPerWorker ? workers * stride : valueSize }

  @unsafe
  @inline(__always)
  func address(_ element: Int, worker: Int) -> UnsafeMutableRawPointer {
    if workerStride == 0 { return unsafe base + element &* stride }
    precondition(worker >= 0 && worker < workers, "a per-CPU map has no slot for this worker")
    return unsafe base + (worker &* workerStride &+ element &* stride)
  }

  /// Writes a value into an element that exists.
  @unsafe
  @inline(__always)
  func write(_ value: NewValue, to element: Int) {
    switch unsafe value {
    case .worker(let worker, let bytes):
      unsafe copy(to: address(element, worker: worker), from: bytes, count: valueSize)
    case .all(let bytes):
      if !isPerWorker {
        unsafe copy(to: address(element, worker: 0), from: bytes, count: valueSize)
        return
      }
      for worker in 0..<workers {
        unsafe copy(
          to: address(element, worker: worker), from: bytes + worker * stride, count: stride)
      }
    }
  }

  /// Writes a value into a fresh element: what no worker gives is zero.
  @unsafe
  @inline(__always)
  func writeFresh(_ value: NewValue, to element: Int) {
    if isPerWorker, case .worker(let giver, _) = unsafe value {
      for worker in 0..<workers where worker != giver {
        unsafe memset(address(element, worker: worker), 0, stride)
      }
    }
    if unsafe layout != nil {
      for worker in 0..<workers { unsafe clearFields(address(element, worker: worker)) }
    }
    unsafe write(value, to: element)
  }

  /// Copies an element as the host sees it, under the lock in its value where one is given.
  @unsafe
  func read(_ element: Int, lockOffset: Int?) -> [UInt8] {
    guard let lockOffset else { return unsafe read(element) }
    var bytes: [UInt8] = []
    unsafe ValueLock.withLock(address(element, worker: 0) + lockOffset) {
      unsafe bytes = read(element)
    }
    // What others see of the lock is not the host's business.
    for index in lockOffset..<lockOffset + 4 { bytes[index] = 0 }
    return bytes
  }

  /// Copies an element as the host sees it.
  @unsafe
  func read(_ element: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: hostSize) { buffer, count in
      count = hostSize
      guard let target = buffer.baseAddress else { return }
      if !isPerWorker {
        unsafe copyValue(to: target, from: address(element, worker: 0), count: valueSize)
        unsafe clearFields(target)
        return
      }
      for worker in 0..<workers {
        unsafe copyValue(
          to: target + worker * stride, from: address(element, worker: worker), count: stride)
        unsafe clearFields(target + worker * stride)
      }
    }
  }
}
