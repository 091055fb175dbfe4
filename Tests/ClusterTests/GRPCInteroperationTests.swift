import Foundation
import TestSupport
import Testing

/// A client that is not ours: Python's grpcio with stubs generated from proglog's own fields.
@Suite(.enabled(if: Python.isInstalled, "needs the packages that `make deps` puts into .venv"))
struct GRPCInteroperationTests {
  @Test("grpcio with proglog's stubs produces and consumes, unary and streaming, and gets error details")
  func grpcio() async throws {
    let directory = try TemporaryDirectory()
    let generated = try await run(
      Python.path,
      [
        "-m", "grpc_tools.protoc", "-I", Python.scripts, "--python_out", directory.path, "--grpc_python_out",
        directory.path, "\(Python.scripts)/proglog.proto",
      ])
    try #require(generated.status == 0, "\(generated.errors)")
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    let client = try await run(Python.path, ["\(Python.scripts)/proglog_client.py", node.rpcAddress, directory.path])
    #expect(client.status == 0, "\(client.output)\(client.errors)")
    #expect(
      client.output.split(separator: "\n") == [
        "ok unary", "ok servers", "ok out_of_range", "ok produce_stream", "ok consume_stream", "ok waits_at_the_end",
        "ok cancel", "ok health", "ok reflection",
      ])
    #expect(try await node.stop() == 0)
  }

  @Test("grpcio with our own stubs sends and gets batches, with limits, waits and times")
  func batches() async throws {
    let directory = try TemporaryDirectory()
    let generated = try await run(
      Python.path,
      [
        "-m", "grpc_tools.protoc", "-I", Python.protos, "--python_out", directory.path, "--grpc_python_out",
        directory.path, "\(Python.protos)/log/v1/log.proto",
      ])
    try #require(generated.status == 0, "\(generated.errors)")
    let node = try await LogdProcess(
      dataDirectory: directory.file("data"), arguments: ["--max-record-bytes", "64KiB", "--max-batch-bytes", "128KiB"])
    let client = try await run(Python.path, ["\(Python.scripts)/batches_client.py", node.rpcAddress, directory.path])
    #expect(client.status == 0, "\(client.output)\(client.errors)")
    #expect(
      client.output.split(separator: "\n") == [
        "ok empty_log", "ok records", "ok limited_reads", "ok stored_batches", "ok invalid_batches", "ok limits",
        "ok stream_order", "ok stream_reads", "ok waiting", "ok find_offset", "ok numbered_records",
        "ok reflection",
      ])
    #expect(try await node.stop() == 0)
  }
}

/// The Python of the project's virtual environment.
enum Python {
  static let path = "\(root)/.venv/bin/python3"
  static let scripts = "\(root)/Tests/ClusterTests/Python"
  static let protos = "\(root)/Proto"
  static let isInstalled = FileManager.default.isExecutableFile(atPath: path)

  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
