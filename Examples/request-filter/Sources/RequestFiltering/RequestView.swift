public import BPFKit
import FlyingFox

/// What a filter sees of a request, beside the bytes of its target.
public struct RequestView: BitwiseCopyable {
  /// As `enum method` in `filters/request.h`.
  var method: UInt8 = 0
  /// What a refused request is answered with; a filter may say something else.
  var status: UInt32 = 403
  /// The sender's IPv6 address, or IPv4 address mapped into one.
  var address = InlineArray<16, UInt8>(repeating: 0)

  /// The structure that filters are compiled with.
  public static let layout: TypedContextLayout<RequestView> = {
    var layout = TypedContextLayout<RequestView>("request")
    layout.field("method", \.method)
    layout.field("status", \.status, .readWrite)
    layout.field("address", \.address)
    layout.packet("target")
    return layout
  }()

  init(_ request: HTTPRequest) {
    method =
      switch request.method {
      case .GET: 1
      case .HEAD: 2
      case .POST: 3
      case .PUT: 4
      case .DELETE: 5
      default: 0
      }
    switch request.remoteAddress {
    case .ip4(let text, port: _): setAddress(text.split(separator: ".").compactMap { UInt8($0) })
    // Loopback and Unix sockets: the address that is all 0 but for its last bit.
    case .ip6, .unix, nil: address[15] = 1
    }
  }

  private mutating func setAddress(_ bytes: [UInt8]) {
    guard bytes.count == 4 else { return }
    address[10] = 0xff
    address[11] = 0xff
    for index in 0..<4 { address[12 + index] = bytes[index] }
  }
}
