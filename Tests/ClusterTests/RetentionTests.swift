import Foundation
import TestSupport
import Testing

/// What a node deletes, and what is found by time in what is left.
@Suite struct RetentionTests {
  private struct Offsets: Decodable, Equatable {
    var offset: Int
    var start: Int
    var end: Int

    private enum CodingKeys: String, CodingKey {
      case offset
      case start = "start_offset"
      case end = "end_offset"
    }
  }

  private func offsets(_ node: LogdProcess, _ query: String = "") async throws -> Offsets {
    let url = "http://\(node.httpAddress)/offsets\(query)"
    let answer = try await run("/usr/bin/curl", ["-sS", "--max-time", "60", url])
    return try JSONDecoder().decode(Offsets.self, from: Data(answer.output.utf8))
  }

  private func produce(_ node: LogdProcess, _ records: Range<Int>) async throws {
    let lines = records.map { "record \($0) " + String(repeating: "x", count: 100) }.joined(separator: "\n")
    let result = try await run(
      Products.path("logctl"), ["produce", "--addr", node.rpcAddress, "--quiet", "--max-batch-bytes", "4096"],
      input: Data(lines.utf8))
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test("a time is found in any segment, and what retention removed is out of range, with the new start")
  func timeAndRetention() async throws {
    let directory = try TemporaryDirectory()
    let segments = ["--max-store-bytes", "64KiB", "--max-record-bytes", "1KiB"]
    let node = try await LogdProcess(dataDirectory: directory.file("data"), arguments: segments)
    var times: [(microseconds: Int, offset: Int)] = []
    for start in stride(from: 0, to: 5_000, by: 1_000) {
      times.append((Int(Date().timeIntervalSince1970 * 1_000_000), start))
      try await produce(node, start..<start + 1_000)
    }
    for (microseconds, offset) in times {
      #expect(try await offsets(node, "?time=\(microseconds)").offset == offset)
    }
    let all = try await offsets(node, "?time=earliest")
    #expect(all == Offsets(offset: 0, start: 0, end: 5_000))
    #expect(try await offsets(node, "?time=2000-01-01T00:00:00Z").offset == 0)
    #expect(try await offsets(node, "?time=2100-01-01T00:00:00.5Z").offset == 5_000)
    #expect(try await offsets(node).offset == 5_000)
    #expect(try await node.stop() == 0)

    let limited = try await LogdProcess(
      dataDirectory: directory.file("data"),
      arguments: segments + ["--retention-bytes", "256KiB", "--retention-interval", "20ms"])
    let start = try await eventually("segments are removed") { () -> Int? in
      let start = try await offsets(limited).start
      return start > 0 ? start : nil
    }
    #expect(try await offsets(limited, "?time=\(times[0].microseconds)").offset == start)
    #expect(try await offsets(limited, "?time=\(times[4].microseconds)").offset == 4_000)
    try await expectStart(limited, start)
    #expect(try await limited.stop() == 0)
  }

  private func expectStart(_ node: LogdProcess, _ start: Int) async throws {
    let gone = try await run(
      Products.path("logctl"), ["consume", "--addr", node.rpcAddress, "--from", "\(start - 1)"])
    #expect(gone.status == 4 && gone.errors.contains("it has \(start) to 4999"), "\(gone.errors)")
    let left = try await run(
      Products.path("logctl"), ["consume", "--addr", node.rpcAddress, "--format", "offset-value"])
    #expect(left.output.split(separator: "\n").count == 5_000 - start)
    #expect(left.output.hasPrefix("\(start)\trecord \(start) x"))
    let metrics = try await eventually("the removal is counted") { () -> String? in
      let metrics = try await run("/usr/bin/curl", ["-sS", "--max-time", "60", "http://\(node.opsAddress)/metrics"])
      return metrics.output.contains("\nproglog_log_removed_bytes_total 0\n") ? nil : metrics.output
    }
    func value(_ name: String) -> Int? {
      metrics.split(separator: "\n").first { $0.hasPrefix("\(name) ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }
    #expect(value("proglog_log_start_offset") == start)
    #expect(value("proglog_log_bytes") ?? .max <= 256 << 10)
    #expect(value("proglog_log_segments") ?? 0 > 1)
    #expect(value("proglog_log_removed_bytes_total") ?? 0 > 64 << 10)
    #expect(value("proglog_log_tail_cache_misses_total") ?? 0 > 0, "what was just opened is not in memory")
  }

  @Test("segments go when their newest record is too old, the last one too, and the log goes on at the same offset")
  func age() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(
      dataDirectory: directory.file("data"),
      arguments: [
        "--max-store-bytes", "64KiB", "--max-record-bytes", "1KiB", "--retention-age", "1ms", "--retention-interval",
        "20ms",
      ])
    try await produce(node, 0..<2_000)
    let offsets = try await eventually("all records are removed") { () -> Offsets? in
      let metrics = try await run("/usr/bin/curl", ["-sS", "--max-time", "60", "http://\(node.opsAddress)/metrics"])
      return metrics.output.contains("\nproglog_log_start_offset 2000\n") ? try await self.offsets(node) : nil
    }
    #expect(offsets.start == 2_000 && offsets.end == 2_000)
    try await produce(node, 2_000..<2_001)
    #expect(try await self.offsets(node).end == 2_001)
    #expect(try await node.stop() == 0)
  }
}
