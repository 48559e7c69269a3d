/// Why a map or an operation on it is refused.
public struct MapError: Error, Hashable, Sendable {
  /// The map's name.
  public let map: String
  public let reason: Reason

  public init(map: String, reason: Reason) {
    self.map = map
    self.reason = reason
  }

  public enum Reason: Hashable, Sendable {
    /// No live map of this kind exists yet.
    case unsupportedKind(String)
    /// The kernel's error for the operation, as a positive `errno`, and what it means here.
    case errno(Int32, String)
  }

  /// The kernel's number for the error: positive, as in `errno`.
  public var errorNumber: Int32 {
    switch reason {
    case .unsupportedKind: MapErrno.invalidArgument.rawValue
    case .errno(let number, _): number
    }
  }
}

extension MapError: CustomStringConvertible {
  public var description: String {
    switch reason {
    case .unsupportedKind(let kind): "map '\(map)': maps of kind \(kind) are not supported"
    case .errno(let number, let words):
      if let known = MapErrno(rawValue: number) {
        "map '\(map)': \(words) (\(known.name))"
      } else {
        "map '\(map)': \(words) (error \(number))"
      }
    }
  }
}

/// The kernel errors map operations give. The raw value is the positive number of `asm-generic/errno.h`, which
/// differs from the host's on some platforms; BPF programs see the kernel's.
enum MapErrno: Int32, Error {
  case notPermitted = 1
  case noEntry = 2
  case tooBig = 7
  case badDescriptor = 9
  case tryAgain = 11
  case noMemory = 12
  case accessDenied = 13
  case exists = 17
  case noDevice = 19
  case invalidArgument = 22
  case noSpace = 28
  case outOfRange = 34
  case overflow = 75
  case notSupportedByOperation = 95
  /// `ENOTSUPP`: not in user space's headers, yet what the kernel gives.
  case notSupported = 524

  var name: String {
    switch self {
    case .notPermitted: "EPERM"
    case .noEntry: "ENOENT"
    case .tooBig: "E2BIG"
    case .badDescriptor: "EBADF"
    case .tryAgain: "EAGAIN"
    case .noMemory: "ENOMEM"
    case .accessDenied: "EACCES"
    case .exists: "EEXIST"
    case .noDevice: "ENODEV"
    case .invalidArgument: "EINVAL"
    case .noSpace: "ENOSPC"
    case .outOfRange: "ERANGE"
    case .overflow: "EOVERFLOW"
    case .notSupportedByOperation: "EOPNOTSUPP"
    case .notSupported: "ENOTSUPP"
    }
  }

  /// What a helper returns for it.
  var result: Int64 { -Int64(rawValue) }
}
