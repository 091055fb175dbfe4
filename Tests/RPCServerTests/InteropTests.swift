import Foundation
import NIOCore
import Testing

@testable import RPCServer

/// Python's grpcio, which stands on grpc-core: no code in common with ours.
@Suite("Interoperation with grpcio")
struct InteropTests {
  private static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `PROGLOG_PYTHON`, else the package's own virtual environment.
  private static let python =
    ProcessInfo.processInfo.environment["PROGLOG_PYTHON"] ?? packageRoot.appending(path: ".venv/bin/python3").path

  private static let isAvailable = FileManager.default.isExecutableFile(atPath: python)

  @Test(
    "every kind of call works with grpcio",
    .enabled(if: isAvailable, "no Python with grpcio: set PROGLOG_PYTHON, or make .venv with grpcio in it"),
    .timeLimit(.minutes(1)),
    arguments: [
      "unary", "server_stream", "bidi_stream", "deadline", "cancellation", "binary_metadata", "status_details",
      "unknown_method", "oversize", "gzip", "large_messages", "async_handler", "concurrent", "health_check",
      "health_watch",
    ])
  func grpcio(scenario: String) async throws {
    let echo = EchoService()
    try await withServer(echo: echo) { _, address in
      let port = try #require(address.port)
      let script = Self.packageRoot.appending(path: "Tests/RPCServerTests/Python/interop.py")
      let (status, output) = try await Self.run([script.path, "\(port)", scenario])
      #expect(status == 0, "\(output)")
    }
  }

  private static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { process in
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        continuation.resume(returning: (process.terminationStatus, output))
      }
      do {
        try process.run()
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }
}
