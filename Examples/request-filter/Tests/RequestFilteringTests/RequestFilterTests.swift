import BPFKit
import FlyingFox
import Foundation
import Testing

@testable import RequestFiltering

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

struct RequestFilterTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A filter of `filters`, or one that is given as C.
  private static func compiled(_ name: String, source: String? = nil) throws -> [UInt8] {
    let scratch = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    var input = folder.appending(path: "filters/\(name).bpf.c")
    if let source {
      input = scratch.appending(path: "\(name).bpf.c")
      let header = folder.appending(path: "filters/request.h").path
      try Data("#include \"\(header)\"\n\(source)".utf8).write(to: input)
    }
    let output = scratch.appending(path: "\(name).o")
    let build = Process()
    build.executableURL = URL(filePath: "/bin/sh")
    build.arguments = [folder.appending(path: "build.sh").path, input.path, output.path]
    try build.run()
    build.waitUntilExit()
    try #require(build.terminationStatus == 0)
    return [UInt8](try Data(contentsOf: output))
  }

  private static func request(
    _ target: String, agent: String = "test", from address: String = "192.0.2.1"
  ) -> HTTPRequest {
    HTTPRequest(
      method: .GET, version: .http11, target: .init(path: target, query: ""),
      headers: HTTPHeaders([HTTPHeader("User-Agent"): agent]), body: HTTPBodySequence(data: Data()),
      remoteAddress: .ip4(address, port: 4711))
  }

  @Test func `filters are compiled with the structure that is declared here`() throws {
    let header = try String(
      contentsOf: Self.folder.appending(path: "filters/request.h"), encoding: .utf8)
    #expect(header.contains(RequestView.layout.cDeclaration))
  }

  @Test func `scanners are refused`() async throws {
    let filter = try RequestFilter(object: Self.compiled("block-scanners"))
    #expect(await filter.decide(Self.request("/index.html")) == .pass)
    #expect(await filter.decide(Self.request("/.git/config")) == .refuse(404))
    #expect(await filter.decide(Self.request("/files/.env")) == .refuse(404))
    #expect(await filter.decide(Self.request("/a.b/c")) == .pass)
    #expect(await filter.decide(Self.request("/", agent: "masscan/1.3")) == .refuse(403))
    let counts = try #require(filter.maps.first { $0.spec.name == "refused" })
    #expect(try counts.get(UInt32(0), as: UInt64.self) == 2)
    #expect(try counts.get(UInt32(1), as: UInt64.self) == 1)
  }

  @Test func `each address has its own rate`() async throws {
    let filter = try RequestFilter(object: Self.compiled("rate-limit"))
    for _ in 0..<5 { #expect(await filter.decide(Self.request("/")) == .pass) }
    #expect(await filter.decide(Self.request("/")) == .refuse(429))
    #expect(await filter.decide(Self.request("/", from: "192.0.2.2")) == .pass)
  }

  @Test func `a filter that is not safe is not taken`() async throws {
    let filter = try RequestFilter(object: Self.compiled("block-scanners"))
    let unsafe = try Self.compiled(
      "unsafe",
      source: """
        FILTER int unsafe(struct request *request) {
          return ((const __u8 *)request->target)[0] == '/';
        }
        """)
    #expect {
      try filter.replace(withObject: unsafe)
    } throws: { error in
      guard case .rejected(let rejection) = error as? LoadError else { return false }
      return rejection.category == .packetBounds
    }
    #expect(throws: ObjectError.self) { try filter.replace(withObject: [1, 2, 3]) }
    #expect(await filter.decide(Self.request("/.git/config")) == .refuse(404))
  }

  @Test func `maps keep what they hold when a filter is replaced`() async throws {
    let bytes = try Self.compiled("rate-limit")
    let filter = try RequestFilter(object: bytes)
    for _ in 0..<5 { #expect(await filter.decide(Self.request("/")) == .pass) }
    try filter.replace(withObject: bytes)
    #expect(await filter.decide(Self.request("/")) == .refuse(429))
  }

  @Test func `many requests are decided while filters come and go`() async throws {
    let first = try Self.compiled("block-scanners")
    let filter = try RequestFilter(object: first)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<500 {
            #expect(await filter.decide(Self.request("/.git/config")) == .refuse(404))
          }
        }
      }
      group.addTask { for _ in 0..<50 { try filter.replace(withObject: first) } }
      try await group.waitForAll()
    }
  }

  /// Over a socket, as a browser would.
  @Test func `a server answers what its filter lets pass`() async throws {
    let filter = try RequestFilter(object: Self.compiled("block-scanners"))
    let server = HTTPServer(
      address: .loopback(port: 0),
      handler: FilteredHandler(
        filter, next: ClosureHTTPHandler { _ in HTTPResponse(statusCode: .ok) }))
    let task = Task { try await server.run() }
    defer { task.cancel() }
    try await server.waitUntilListening()
    guard case .ip6(_, let port) = await server.listeningAddress else {
      Issue.record("the server listens on loopback")
      return
    }
    func status(_ path: String, _ method: String = "GET", _ body: Data? = nil) async throws -> Int?
    {
      var request = URLRequest(url: try #require(URL(string: "http://localhost:\(port)\(path)")))
      request.httpMethod = method
      request.httpBody = body
      return (try await URLSession.shared.data(for: request).1 as? HTTPURLResponse)?.statusCode
    }
    #expect(try await status("/") == 200)
    #expect(try await status("/.git/config") == 404)
    #expect(try await status("/filter", "PUT", Data("no object".utf8)) == 422)
    #expect(try await status("/filter", "PUT", Data(Self.compiled("rate-limit"))) == 204)
    #expect(try await status("/.git/config") == 200)
  }
}
