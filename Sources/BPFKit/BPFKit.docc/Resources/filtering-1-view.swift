import BPFKit

struct RequestView: BitwiseCopyable {
  var method: UInt8 = 0
  var status: UInt32 = 403

  static let layout: TypedContextLayout<RequestView> = {
    var layout = TypedContextLayout<RequestView>("request")
    layout.field("method", \.method)
    layout.field("status", \.status, .readWrite)
    layout.packet("target")
    return layout
  }()
}
