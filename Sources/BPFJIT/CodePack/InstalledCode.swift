/// An image that can be called, for as long as this lives.
///
/// When it goes, its bytes become traps and then free for other code. So whatever runs the code or holds its address has to keep this.
public final class InstalledCode: Sendable {
  /// Where the image begins.
  public let address: UInt
  /// Its bytes.
  public let size: Int
  let reservation: CodeReservation

  init(_ reservation: consuming CodeReservation, address: UInt, size: Int) {
    self.reservation = reservation
    self.address = address
    self.size = size
  }
}
