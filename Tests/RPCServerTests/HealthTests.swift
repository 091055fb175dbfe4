import NIOCore
import Testing

@testable import RPCServer

@Suite("The health service", .timeLimit(.minutes(1)))
struct HealthTests {
  private static let serving = HTTP2Client.message([8, 1])
  private static let notServing = HTTP2Client.message([8, 2])
  private static let unknown = HTTP2Client.message([8, 3])

  private static func request(_ service: String) -> ByteBuffer {
    HTTP2Client.message(service.isEmpty ? [] : [0x0A, UInt8(service.utf8.count)] + Array(service.utf8))
  }

  private static func joined(_ buffers: ByteBuffer...) -> ByteBuffer {
    buffers.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
  }

  @Test("Watch streams each change, and ends with UNAVAILABLE when the server drains")
  func watch() async throws {
    let echo = EchoService()
    try await withServer(echo: echo) { server, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/grpc.health.v1.Health/Watch"))
      try await stream.send(Self.request("later"), endStream: true)
      #expect(try await eventually { stream.response.value.body == Self.unknown })
      echo.health.set(.serving, for: "later")
      #expect(try await eventually { stream.response.value.body == Self.joined(Self.unknown, Self.serving) })
      echo.health.shutDown()
      let all = Self.joined(Self.unknown, Self.serving, Self.notServing)
      #expect(try await eventually { stream.response.value.body == all })
      server.beginGracefulShutdown()
      #expect(try await stream.end().status == "14")
    }
  }

  @Test("Check answers for known services, and shutDown is for good")
  func check() async throws {
    let echo = EchoService()
    try await withServer(echo: echo) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let path = "/grpc.health.v1.Health/Check"
      #expect(try await client.call(path, Self.request("")).body == Self.serving)
      #expect(try await client.call(path, Self.request("test.Echo")).body == Self.serving)
      #expect(try await client.call(path, Self.request("nobody")).status == "5")
      #expect(try await client.call(path, HTTP2Client.message([0xFF])).status == "13")
      echo.health.shutDown()
      echo.health.set(.serving, for: "")
      #expect(try await client.call(path, Self.request("")).body == Self.notServing)
    }
  }
}
