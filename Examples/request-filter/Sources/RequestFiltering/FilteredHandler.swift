import BPFKit
public import FlyingFox

/// A server whose requests a filter looks at first.
///
/// `PUT /filter` replaces the filter by the object file in the request's body: an endpoint for whoever runs the server, which a
/// real one would not offer to everybody.
public struct FilteredHandler<Next: HTTPHandler>: HTTPHandler {
  private let filter: RequestFilter
  private let next: Next

  public init(_ filter: RequestFilter, next: Next) {
    self.filter = filter
    self.next = next
  }

  public func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    if request.method == .PUT, request.path == "/filter" {
      let bytes = [UInt8](try await request.bodyData)
      do {
        try filter.replace(withObject: bytes)
        return HTTPResponse(statusCode: .noContent)
      } catch {
        return HTTPResponse(
          statusCode: HTTPStatusCode(422, phrase: "Unprocessable Content"),
          body: .init("\(error)\n".utf8))
      }
    }
    switch await filter.decide(request) {
    case .pass: return try await next.handleRequest(request)
    case .refuse(let status):
      return HTTPResponse(statusCode: HTTPStatusCode(status, phrase: "Refused"))
    }
  }
}
