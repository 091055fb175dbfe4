import Foundation
import NIOCore
import TestSupport
import Testing

@testable import RPCServer

/// Clients that have no code in common with ours: Python's grpcio, which stands on grpc-core, and grpc-go.
@Suite("Interoperation", .serialized, .timeLimit(.minutes(1)))
struct InteropTests {
  static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `PROGLOG_PYTHON`, else the package's own virtual environment.
  private static let python =
    ProcessInfo.processInfo.environment["PROGLOG_PYTHON"] ?? packageRoot.appending(path: ".venv/bin/python3").path
  static let hasPython = FileManager.default.isExecutableFile(atPath: python)

  static let noPython = Comment("no Python with grpcio: set PROGLOG_PYTHON, or run 'make deps'")
  static let noGo = Comment(rawValue: GoProgram.requirement)

  private static let goClient = GoProgram(sources: "Tests/RPCServerTests/Go", name: "echo-client")

  /// The fewest calls that must be made before a server is drained, so that it is under load.
  private static let callsBeforeDrain = 200

  @Test(
    "every kind of call works with grpcio", .enabled(if: hasPython, noPython),
    arguments: [
      "unary", "server_stream", "bidi_stream", "deadline", "cancellation", "binary_metadata", "status_details",
      "trailers_only", "unknown_method", "oversize", "gzip", "large_messages", "async_handler", "concurrent",
      "keepalive", "health_check", "health_watch", "reflection",
    ])
  func grpcio(scenario: String) async throws {
    try await withServer(Self.configuration(scenario)) { _, address in
      try await Self.python(scenario, ports: [address])
    }
  }

  @Test(
    "every kind of call works with grpc-go", .enabled(if: GoProgram.isBuildable, noGo),
    arguments: [
      "unary", "server_stream", "bidi_stream", "split_messages", "deadline", "cancellation", "binary_metadata",
      "status_details", "trailers_only", "unknown_method", "oversize", "gzip", "concurrent", "keepalive",
    ])
  func grpcGo(scenario: String) async throws {
    try await withServer(Self.configuration(scenario)) { _, address in
      try await Self.go(scenario, ports: [address])
    }
  }

  @Test("no call of grpcio fails when its server shuts down under load", .enabled(if: hasPython, noPython))
  func grpcioShutdown() async throws {
    try await shutdownUnderLoad { try await Self.python("drain", ports: $0) }
  }

  @Test("no call of grpc-go fails when its server shuts down under load", .enabled(if: GoProgram.isBuildable, noGo))
  func grpcGoShutdown() async throws {
    try await shutdownUnderLoad { try await Self.go("drain", ports: $0) }
  }

  @Test("no call of grpcio fails when connections reach their age under load", .enabled(if: hasPython, noPython))
  func grpcioMaximumAge() async throws {
    try await maximumAgeUnderLoad { try await Self.python("drain", ports: [$0]) }
  }

  @Test(
    "no call of grpc-go fails when connections reach their age under load", .enabled(if: GoProgram.isBuildable, noGo))
  func grpcGoMaximumAge() async throws {
    try await maximumAgeUnderLoad { try await Self.go("drain", ports: [$0]) }
  }

  private static func configuration(_ scenario: String) -> RPCServer.Configuration {
    var configuration = RPCServer.Configuration.defaults
    if scenario == "keepalive" {
      configuration.keepalive.pingInterval = .milliseconds(20)
      configuration.keepalive.pingTimeout = .seconds(10)
    }
    return configuration
  }

  private static func list(_ addresses: [SocketAddress]) -> String {
    addresses.map { "\($0.port ?? 0)" }.joined(separator: ",")
  }

  static func python(_ scenario: String, ports: [SocketAddress], files: [String] = []) async throws {
    let script = packageRoot.appending(path: "Tests/RPCServerTests/Python/interop.py").path
    let result = try await run(python, [script, list(ports), scenario] + files, within: .seconds(50))
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  private static func go(_ scenario: String, ports: [SocketAddress]) async throws {
    let result = try await run(goClient.path(), [list(ports), scenario], within: .seconds(50))
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  /// Two servers; the first goes while it is called.
  func shutdownUnderLoad(_ load: @escaping @Sendable ([SocketAddress]) async throws -> Void) async throws {
    let first = CountingObserver()
    let second = CountingObserver()
    try await withServer(observer: first) { server, firstAddress in
      try await withServer(observer: second) { _, secondAddress in
        async let loading: Void = load([firstAddress, secondAddress])
        _ = try await TestSupport.eventually("calls at the first server", within: .seconds(50)) {
          first.counts.finished.count >= Self.callsBeforeDrain ? true : nil
        }
        server.beginGracefulShutdown()
        try await loading
        #expect(try await RPCServerTests.eventually { server.openConnections == 0 })
      }
    }
    #expect(second.counts.finished.count > 0)
    #expect((first.counts.finished + second.counts.finished).allSatisfy { $0 == "/test.Echo/Unary ok" })
  }

  /// One server, whose connections last a tenth of a second.
  func maximumAgeUnderLoad(_ load: (SocketAddress) async throws -> Void) async throws {
    let observer = CountingObserver()
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.maximumAge = .milliseconds(100)
    try await withServer(configuration, observer: observer) { _, address in try await load(address) }
    #expect(observer.counts.opened >= 3)
    #expect(observer.counts.finished.allSatisfy { $0 == "/test.Echo/Unary ok" })
  }
}
