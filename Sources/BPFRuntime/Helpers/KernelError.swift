/// An error a helper returns to its program: Linux's numbers, whatever the host system's are.
enum KernelError: Int64, Error {
  case noSuchEntry = 2
  case tooBig = 7
  case tryAgain = 11
  case noMemory = 12
  case permissionDenied = 13
  case badAddress = 14
  case noDevice = 19
  case busy = 16
  case invalidArgument = 22
  case noSpace = 28
  case outOfRange = 34
  case deadlock = 35
  case badProtocol = 71
  case badMessage = 74
  case overflow = 75
  case operationNotSupported = 95
  case unknownAddressFamily = 97
  case alreadyInProgress = 114
  case notSupported = 524

  /// What r0 is after the call: the negated number, sign-extended.
  var result: UInt64 { UInt64(bitPattern: -rawValue) }
}
