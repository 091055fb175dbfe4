import Foundation
import TestSupport
import Testing

/// What a crash or a full disk does to records: nothing to those that were acknowledged.
@Suite struct CrashTests {
  @Test("kill -9 under load loses no acknowledged record", arguments: [5])
  func killUnderLoad(rounds: Int) async throws {
    let directory = try TemporaryDirectory()
    var acknowledged: [UInt64: String] = [:]
    for round in 0..<rounds {
      let node = try await LogdProcess(
        // Small segments: rolling is under load too.
        dataDirectory: directory.file("data"), arguments: ["--max-store-bytes", "64KiB", "--max-record-bytes", "1KiB"])
      let values = (0..<200_000).map { "round \(round) record \($0)" }
      let producer = try ChildProcess(
        Products.path("logctl"), ["produce", "--addr", node.rpcAddress, "--timeout", "60", "-"],
        input: Data(values.joined(separator: "\n").utf8))
      try await eventually("records are acknowledged") { () -> Void? in
        if producer.output.utf8.count > 5_000 { return () }
        guard producer.isRunning else { throw NeverHappened(description: "logctl ended: \(producer.errors)") }
        return nil
      }
      try await node.crash()
      #expect(try await producer.ended() != 0, "a producer whose server died has failed")
      let printed = producer.output.split(separator: "\n").compactMap { UInt64($0) }
      for (offset, value) in zip(printed, values) { acknowledged[offset] = value }
    }

    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    let read = try await run(
      Products.path("logctl"),
      ["consume", "--addr", node.rpcAddress, "--timeout", "60", "--from", "0", "--format", "text"])
    #expect(read.status == 0, "\(read.errors)")
    let records = read.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(acknowledged.count > rounds * 500)
    for (offset, value) in acknowledged {
      guard offset < records.count, records[Int(offset)] == value else {
        Issue.record("offset \(offset) was acknowledged as \"\(value)\" and is gone")
        break
      }
    }
    #expect(try await node.stop() == 0)
  }

  @Test(
    "a full disk refuses writes, keeps reads, and takes writes again when there is room",
    .enabled(if: SmallDisk.isAvailable, "needs root, to mount a small tmpfs"))
  func fullDisk() async throws {
    let disk = try await SmallDisk(bytes: 4 << 20)
    let ballast = "\(disk.path)/ballast"
    try Data(count: 3 << 20).write(to: URL(fileURLWithPath: ballast))
    let node = try await LogdProcess(
      dataDirectory: "\(disk.path)/data",
      arguments: ["--max-store-bytes", "256KiB", "--max-index-bytes", "4KiB", "--max-record-bytes", "64KiB"])
    let url = "http://\(node.httpAddress)"
    let body = #"{"record":{"value":"\#(Data(count: 60_000).base64EncodedString())"}}"#

    var taken = 0
    let refusal = try await eventually("the disk is full") { () -> String? in
      let answer = try await post(url, body)
      if answer.hasSuffix("200") { taken += 1 }
      return answer.hasSuffix("200") ? nil : answer
    }
    #expect(refusal.contains("no space left") && refusal.hasSuffix("507"), "\(refusal)")
    #expect(taken > 0)
    let last = try await run("/usr/bin/curl", ["-sS", "-X", "GET", url, "-d", #"{"offset":\#(taken - 1)}"#])
    #expect(last.output.contains(#""offset":\#(taken - 1)"#), "\(last.output)")

    try FileManager.default.removeItem(atPath: ballast)
    let answer = try await post(url, body)
    #expect(answer == "{\"offset\":\(taken)}\n200")
    #expect(try await node.stop() == 0)
    try await disk.unmount()
  }

  private func post(_ url: String, _ body: String) async throws -> String {
    try await run(
      "/usr/bin/curl", ["-sS", "--max-time", "60", "-w", "%{http_code}", url, "--data-binary", "@-"],
      input: Data(body.utf8)
    ).output
  }
}
