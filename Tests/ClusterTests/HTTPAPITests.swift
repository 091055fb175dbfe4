import Foundation
import TestSupport
import Testing

/// The HTTP/JSON API of a real `logd`, used by a real curl.
@Suite struct HTTPAPITests {
  @Test("the sources' curl lines work as they stand, also after kill -9 and a restart")
  func curlLines() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    for (offset, value) in ["TGV0J3MgR28gIzEK", "TGV0J3MgR28gIzIK", "TGV0J3MgR28gIzMK"].enumerated() {
      let answer = try await curl(node, "POST", #"{"record":{"value":"\#(value)"}}"#)
      #expect(answer == Answer(status: 200, body: #"{"offset":\#(offset)}"#))
    }
    try await expectRecords(node)

    try await node.crash()
    let restarted = try await LogdProcess(dataDirectory: directory.file("data"))
    try await expectRecords(restarted)
    #expect(
      try await curl(restarted, "POST", #"{"record":{"value":"TGV0J3MgR28gIzQK"}}"#)
        == Answer(status: 200, body: #"{"offset":3}"#))
    #expect(try await restarted.stop() == 0)
  }

  private func expectRecords(_ node: LogdProcess) async throws {
    for (offset, value) in ["TGV0J3MgR28gIzEK", "TGV0J3MgR28gIzIK", "TGV0J3MgR28gIzMK"].enumerated() {
      #expect(
        try await curl(node, "GET", #"{"offset":\#(offset)}"#)
          == Answer(status: 200, body: #"{"record":{"offset":\#(offset),"value":"\#(value)"}}"#))
    }
  }

  struct BadRequest: Sendable, CustomTestStringConvertible {
    var method: String
    var body: String
    var status: Int
    var says: String
    var testDescription: String { "\(method) \(body.prefix(60)) → \(status)" }
  }

  static let badRequests = [
    BadRequest(method: "GET", body: #"{"offset":7}"#, status: 404, says: "7"),
    BadRequest(method: "GET", body: #"{"offset":18446744073709551615}"#, status: 404, says: "18446744073709551615"),
    BadRequest(method: "GET", body: #"{"offset":-1}"#, status: 400, says: "offset"),
    BadRequest(method: "GET", body: #"{"offset":"0"}"#, status: 400, says: "offset is no whole number from 0 on"),
    BadRequest(method: "GET", body: "", status: 400, says: "the body is empty"),
    BadRequest(method: "POST", body: #"{"record":"#, status: 400, says: "not JSON"),
    BadRequest(method: "POST", body: #"{"record":{}}"#, status: 400, says: "record.value is missing"),
    BadRequest(method: "POST", body: "{}", status: 400, says: "record is missing"),
    BadRequest(method: "POST", body: #"{"record":{"value":7}}"#, status: 400, says: "record.value is no string"),
    BadRequest(method: "POST", body: #"{"record":{"value":"a?=="}}"#, status: 400, says: "character 2"),
    BadRequest(method: "POST", body: #"{"record":{"value":"abc"}}"#, status: 400, says: "groups of four"),
    BadRequest(method: "POST", body: #"{"records":[]}"#, status: 400, says: "it has no records"),
    BadRequest(method: "POST", body: #"{"records":7}"#, status: 400, says: "records is no list"),
    BadRequest(
      method: "POST", body: #"{"records":[{"value":""},{"value":"a"}]}"#, status: 400,
      says: "records.1.value is not base64"),
    BadRequest(method: "POST", body: #"{"record":{"value":""},"records":[]}"#, status: 400, says: "send one of them"),
    BadRequest(
      method: "GET", body: #"{"offset":0,"max_records":-1}"#, status: 400, says: "max_records is no whole number"),
  ]

  @Test("a bad request is answered with what was wrong, and changes nothing")
  func badRequests() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"), arguments: ["--max-record-bytes", "1KiB"])
    _ = try await curl(node, "POST", #"{"record":{"value":""}}"#)
    for bad in Self.badRequests {
      let answer = try await curl(node, bad.method, bad.body)
      #expect(answer.status == bad.status, "\(bad.testDescription)")
      #expect(
        answer.body.hasPrefix(#"{"error":""#) && answer.body.contains(bad.says), "\(bad.testDescription): \(answer)")
    }
    let tooLargeRecord = #"{"record":{"value":"\#(Data(count: 1025).base64EncodedString())"}}"#
    let tooLargeBody = #"{"record":{"value":"\#(Data(count: 100_000).base64EncodedString())"}}"#
    for body in [tooLargeRecord, tooLargeBody] {
      let answer = try await curl(node, "POST", body)
      #expect(answer.status == 413, "\(answer)")
    }
    let largest = #"{"record":{"value":"\#(Data(count: 1024).base64EncodedString())"}}"#
    #expect(try await curl(node, "POST", largest) == Answer(status: 200, body: #"{"offset":1}"#))
  }

  @Test("several records are written and read at once, and a read at the end can wait")
  func batches() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    let body = #"{"records":[{"value":"YQ=="},{"value":""},{"value":"Yw=="}]}"#
    #expect(try await curl(node, "POST", body) == Answer(status: 200, body: #"{"count":3,"offset":0}"#))
    let records = #"{"offset":1,"value":""},{"offset":2,"value":"Yw=="}"#
    for (query, body) in [("?offset=1&max_records=9", ""), ("", #"{"offset":1,"max_records":9}"#)] {
      let answer = try await curl(url: "http://\(node.httpAddress)/\(query)", ["-X", "GET", "-d", body])
      #expect(answer == Answer(status: 200, body: #"{"end_offset":3,"next_offset":3,"records":[\#(records)]}"#))
    }
    #expect(
      try await get(node, "/?offset=2&max_bytes=1")
        == Answer(status: 200, body: #"{"end_offset":3,"next_offset":3,"records":[{"offset":2,"value":"Yw=="}]}"#))
    #expect(
      try await get(node, "/?offset=3&wait_milliseconds=10")
        == Answer(status: 200, body: #"{"end_offset":3,"next_offset":3}"#))
    async let waiting = get(node, "/?offset=3&wait_milliseconds=30000")
    _ = try await curl(node, "POST", #"{"record":{"value":"ZA=="}}"#)
    let waited = try await waiting
    #expect(
      waited
        == Answer(
          status: 200, body: #"{"end_offset":4,"next_offset":4,"record":{"offset":3,"value":"ZA=="}}"#))
  }

  @Test("a request that waits does not hold up a stop")
  func waitingAtStop() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"), arguments: ["--shutdown-timeout", "1h"])
    async let waiting = get(node, "/?offset=0&wait_milliseconds=30000")
    try await eventually("the node has the request") { () -> Void? in
      let metrics = try await curl(url: "http://\(node.opsAddress)/metrics", [])
      return metrics.body.contains("http_server_active_requests{http_request_method=\"GET\"} 1") ? () : nil
    }
    let start = ContinuousClock.now
    #expect(try await node.stop() == 0)
    #expect(ContinuousClock.now - start < .seconds(25))
    #expect(try await waiting == Answer(status: 200, body: #"{"end_offset":0,"next_offset":0}"#))
  }

  @Test("probes and metrics are served on the ops port")
  func ops() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    for path in ["/livez", "/readyz", "/startupz"] {
      #expect(try await curl(url: "http://\(node.opsAddress)\(path)", []) == Answer(status: 200, body: "ok"))
    }
    _ = try await curl(node, "POST", #"{"record":{"value":"aGVsbG8K"}}"#)
    let metrics = try await curl(url: "http://\(node.opsAddress)/metrics", [])
    #expect(metrics.body.contains("\nproglog_log_appended_records_total 1\n"), "\(metrics.body)")
  }

  struct Answer: Equatable {
    var status: Int
    var body: String
  }

  private func curl(_ node: LogdProcess, _ method: String, _ body: String) async throws -> Answer {
    try await curl(url: "http://\(node.httpAddress)", ["-X", method, "--data-binary", "@-"], input: Data(body.utf8))
  }

  private func get(_ node: LogdProcess, _ path: String) async throws -> Answer {
    try await curl(url: "http://\(node.httpAddress)\(path)", [])
  }

  private func curl(url: String, _ arguments: [String], input: Data? = nil) async throws -> Answer {
    let result = try await run(
      "/usr/bin/curl", ["-sS", "--max-time", "60", "-w", "%{http_code}", url] + arguments, input: input)
    guard result.status == 0, let status = Int(result.output.suffix(3)) else {
      throw NeverHappened(description: "curl \(url) failed: \(result.errors)")
    }
    return Answer(
      status: status, body: String(result.output.dropLast(3)).trimmingCharacters(in: .whitespacesAndNewlines))
  }
}
