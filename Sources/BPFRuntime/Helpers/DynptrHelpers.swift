#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// SAFETY (whole file): a dynptr argument is the host's address of 16 bytes that only helpers write, and memory is as large
// as the sizes beside it say: the engine checked both. Offsets and sizes of dynptrs are 32 bits, as in Linux 6.18.

extension ExecutionFrame {
  /// `bpf_dynptr_from_mem`.
  @unsafe
  func makeDynptr(of data: UInt64, size: UInt64, flags: UInt64, into dynptr: UInt64) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    unsafe store(Dynptr(), into: dynptr)
    guard size <= UInt64(Dynptr.maximumSize) else { return KernelError.tooBig.result }
    guard flags == 0, let data = unsafe hostPointer(data) else {
      return KernelError.invalidArgument.result
    }
    unsafe store(Dynptr(data: data, count: Int(size)), into: dynptr)
    return 0
  }

  /// `bpf_ringbuf_reserve_dynptr`. The dynptr is null where it fails, and wants to be released still.
  @unsafe
  func reserveDynptr(_ map: UInt64, size: UInt64, flags: UInt64, into dynptr: UInt64) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    unsafe store(Dynptr(), into: dynptr)
    guard flags == 0 else { return KernelError.invalidArgument.result }
    guard size <= UInt64(Dynptr.maximumSize) else { return KernelError.tooBig.result }
    let record = unsafe ringBufferReserve(map, size: size, flags: 0)
    guard let data = unsafe hostPointer(record) else { return KernelError.invalidArgument.result }
    unsafe store(Dynptr(data: data, count: Int(size)), into: dynptr)
    return 0
  }

  /// `bpf_ringbuf_submit_dynptr` and `bpf_ringbuf_discard_dynptr`. The engine makes the dynptr unusable.
  @unsafe
  func releaseDynptr(_ dynptr: UInt64, flags: UInt64, isDiscarded: Bool) -> UInt64 {
    let record = unsafe load(dynptr).data
    if record != 0 {
      _ =
        unsafe isDiscarded
        ? ringBufferDiscard(record, flags: flags) : ringBufferSubmit(record, flags: flags)
    }
    return 0
  }

  @unsafe
  func readDynptr(
    into target: UInt64, size: UInt64, from dynptr: UInt64, at offset: UInt64, flags: UInt64
  ) -> UInt64 {
    guard flags == 0 else { return KernelError.invalidArgument.result }
    return unsafe copy(size, of: dynptr, at: offset) { piece, size in
      if let target = unsafe hostPointer(target) { unsafe memmove(target, piece, size) }
    }
  }

  @unsafe
  func writeDynptr(
    _ dynptr: UInt64, at offset: UInt64, from source: UInt64, size: UInt64, flags: UInt64
  ) -> UInt64 {
    let isReadOnly = unsafe load(dynptr).isReadOnly
    guard flags == 0, !isReadOnly else { return KernelError.invalidArgument.result }
    return unsafe copy(size, of: dynptr, at: offset) { piece, size in
      if let source = unsafe hostPointer(source) { unsafe memmove(piece, source, size) }
    }
  }

  /// `bpf_dynptr_data`: the address of a piece, or null.
  @unsafe
  func dynptrData(_ dynptr: UInt64, at offset: UInt64, size: UInt64) -> UInt64 {
    let dynptr = unsafe load(dynptr)
    guard !dynptr.isReadOnly else { return 0 }
    do throws(KernelError) {
      return unsafe programBits(
        try dynptr.piece(
          at: UInt64(UInt32(truncatingIfNeeded: offset)),
          count: UInt64(UInt32(truncatingIfNeeded: size))))
    } catch {
      return 0
    }
  }

  @unsafe
  private func copy(
    _ size: UInt64, of dynptr: UInt64, at offset: UInt64,
    _ body: (UnsafeMutableRawPointer, Int) -> Void
  ) -> UInt64 {
    let size = UInt64(UInt32(truncatingIfNeeded: size))
    do throws(KernelError) {
      let piece = unsafe try load(dynptr).piece(
        at: UInt64(UInt32(truncatingIfNeeded: offset)), count: size)
      unsafe body(piece, Int(size))
      return 0
    } catch {
      return error.result
    }
  }

  @unsafe
  private func load(_ dynptr: UInt64) -> Dynptr {
    unsafe hostPointer(dynptr)?.load(as: Dynptr.self) ?? Dynptr()
  }

  @unsafe
  private func store(_ value: Dynptr, into dynptr: UInt64) {
    unsafe hostPointer(dynptr)?.storeBytes(of: value, as: Dynptr.self)
  }
}
