import Foundation
import TestSupport
import Testing

/// Data directories that the first version of the format left: closed, and killed in the middle of its last segment. Each is the log
/// of a cluster of one, with 297 records from offset 64 on, since retention removed the first segment.
@Suite struct GoldenLogTests {
  private static let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
  private static let settings = [
    "--node-name", "golden", "--max-store-bytes", "4KiB", "--max-record-bytes", "1KiB", "--max-batch-bytes", "1KiB",
    "--preallocation-bytes", "4KiB",
  ]

  private static let records: [String] =
    (1...60).flatMap { group in (1...6).map { "record \(group)-\($0), of the first version of the format" } } + ["last"]

  private func consume(_ node: LogdProcess, from offset: Int) async throws -> [String] {
    let result = try await run(
      Products.path("logctl"), ["consume", "--addr", node.rpcAddress, "--from", "\(offset)"])
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").map(String.init)
  }

  @Test("a log of version 1 is read, written and restarted", arguments: ["closed", "killed"])
  func versionOne(name: String) async throws {
    let directory = try TemporaryDirectory()
    let data = directory.file("data")
    try FileManager.default.copyItem(atPath: Self.golden.appending(path: "1/\(name)").path, toPath: data)
    let verified = try await run(Products.path("logctl"), ["log", "verify", data])
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")

    var expected = Array(Self.records[64...])
    for round in 1...2 {
      let node = try await LogdProcess(dataDirectory: data, arguments: Self.settings)
      #expect(try await consume(node, from: 64) == expected)
      let appended = try await run(Products.path("logctl"), ["produce", "--addr", node.rpcAddress, "round \(round)"])
      #expect(appended.output == "\(64 + expected.count)\n", "\(appended.errors)")
      expected.append("round \(round)")
      #expect(try await node.stop() == 0)
    }
  }
}
