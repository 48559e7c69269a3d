/// A place for an image, and a buffer of the same form to write the image in: a header and the image, each in both.
///
/// Code is generated into the buffer, for the address at which it will run. ``finalize()`` copies it there. Without that, the place
/// is given back as it was when this goes.
public struct CodeAllocation: ~Copyable, Sendable {
  /// Bytes of the image.
  public let size: Int
  /// Where the image begins, in bytes from the header.
  let start: Int
  private var reservation: CodeReservation
  var staging: StagingBuffer

  init(_ reservation: consuming CodeReservation, size: Int, start: Int) {
    self.size = size
    self.start = start
    staging = StagingBuffer(byteCount: reservation.place.byteCount, trap: reservation.trap)
    self.reservation = reservation
    staging.writeHeader(CodeHeader(imageSize: UInt32(size), imageOffset: UInt32(start)))
  }

  /// Where the header will be read. The first byte of a chunk or page.
  public var readOnlyHeader: UInt { reservation.place.address }

  /// Where the image will run.
  public var readOnlyImage: UInt { readOnlyHeader + UInt(start) }

  /// Copies header and image to where they run, all at once, and releases the buffer.
  ///
  /// - Throws: ``CodePackError/outOfMemory(code:)``, ``CodePackError/executionRefused(code:)`` or
  ///   ``CodePackError/copyFailed(code:)``; then the place is given back.
  /// - Complexity: O(``size``).
  public consuming func finalize() throws(CodePackError) -> InstalledCode {
    let address = readOnlyImage
    let size = size
    var reservation = reservation
    try staging.withBytes { bytes throws(CodePackError) in try reservation.write(bytes) }
    return InstalledCode(reservation, address: address, size: size)
  }
}
