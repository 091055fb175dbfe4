import Foundation
import TestSupport
import Testing

/// What a crash or a full disk does to records: nothing to those that were acknowledged.
@Suite struct CrashTests {
  /// `make crash ROUNDS=200` runs more.
  private static let rounds = ProcessInfo.processInfo.environment["PROGLOG_CRASH_ROUNDS"].flatMap(Int.init) ?? 3
  /// Then another log is begun: each check reads all of it, and it grows with every round.
  private static let roundsOfOneLog = 10

  @Test("kill -9 under load loses no acknowledged record", .timeLimit(.minutes(60)))
  func killUnderLoad() async throws {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: UInt64(Self.rounds))
    var acknowledged = 0
    for round in 0..<Self.rounds {
      let data = directory.file("data-\(round / Self.roundsOfOneLog)")
      let node = try await LogdProcess(
        // Small segments: rolling is under load too.
        dataDirectory: data, arguments: ["--max-store-bytes", "64KiB", "--max-record-bytes", "1KiB"])
      let values = (0..<200_000).map { "round \(round) record \($0)" }
      let producer = try ChildProcess(
        Products.path("logctl"),
        // Batches, but of two or three records: in large ones all of them were durable before the node could be killed.
        ["produce", "--addr", node.rpcAddress, "--timeout", "60", "--max-batch-bytes", "64", "-"],
        input: Data(values.joined(separator: "\n").utf8))
      let enough = Int.random(in: 1...20_000, using: &random)
      try await eventually("records are acknowledged") { () -> Void? in
        if producer.output.utf8.count > enough { return () }
        guard producer.isRunning else { throw NeverHappened(description: "logctl ended: \(producer.errors)") }
        return nil
      }
      try await node.crash()
      // It would look for the server until its time-out.
      producer.send(SIGTERM)
      #expect(try await producer.ended() != 0, "a producer whose server died has failed")
      let offsets = producer.output.split(separator: "\n").compactMap { UInt64($0) }
      acknowledged += offsets.count
      try await check(data, has: values, at: offsets, "round \(round)")
      if round % Self.roundsOfOneLog == Self.roundsOfOneLog - 1 {
        print("\(round + 1) rounds of kill -9, \(acknowledged) records acknowledged")
        try FileManager.default.removeItem(atPath: data)
      }
    }
    #expect(acknowledged > Self.rounds)
    print("\(Self.rounds) rounds of kill -9, \(acknowledged) records acknowledged")
  }

  /// The log is good as the crash left it, and has every record where it was acknowledged.
  private func check(_ data: String, has values: [String], at offsets: [UInt64], _ place: String) async throws {
    let verified = try await run(Products.path("logctl"), ["log", "verify", data])
    #expect(verified.status == 0, "\(place): \(verified.output) \(verified.errors)")
    let node = try await LogdProcess(dataDirectory: data)
    guard let first = offsets.first else { return }
    let read = try await run(
      Products.path("logctl"),
      ["consume", "--addr", node.rpcAddress, "--timeout", "60", "--from", "\(first)", "--format", "text"])
    #expect(read.status == 0, "\(place): \(read.errors)")
    let records = read.output.split(separator: "\n", omittingEmptySubsequences: false)
    for (offset, value) in zip(offsets, values) {
      let place = Int(offset - first)
      guard place < records.count, records[place] == value else {
        Issue.record("\(place): offset \(offset) was acknowledged as \"\(value)\" and is gone")
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
    // It looks for room once in an election time-out.
    let answer = try await eventually("the disk has room again") { () -> String? in
      let answer = try await post(url, body)
      return answer.hasSuffix("507") ? nil : answer
    }
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
