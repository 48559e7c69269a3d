import FlyingFox
import Foundation
import RequestFiltering

/// `request-filter FILTER.o [PORT]`: a server on loopback whose requests the filter decides about.
@main
struct Server {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let path = arguments.first, arguments.count <= 2,
      let port = UInt16(arguments.dropFirst().first ?? "8080")
    else {
      FileHandle.standardError.write(Data("usage: request-filter FILTER.o [PORT]\n".utf8))
      exit(2)
    }
    let filter: RequestFilter
    do {
      filter = try RequestFilter(object: [UInt8](Data(contentsOf: URL(filePath: path))))
    } catch {
      FileHandle.standardError.write(Data("\(path): \(error)\n".utf8))
      exit(1)
    }
    let site = ClosureHTTPHandler { request in
      HTTPResponse(statusCode: .ok, body: Data("You asked for \(request.target.rawValue).\n".utf8))
    }
    let server = HTTPServer(
      address: .loopback(port: port), handler: FilteredHandler(filter, next: site))
    print("http://localhost:\(port)/, filtered by \(path)")
    try await server.run()
  }
}
