import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import RPCServer

/// One stream without sockets and time: frames in, frames out, and what the handler of the call was told.
@Suite("How a call ends")
struct StreamHandlerTests {
  enum Step: Sendable {
    case headers([(String, String)] = [], end: Bool = false)
    case data([UInt8], end: Bool = false)
    case trailers([(String, String)])
    /// The client's RST_STREAM, as HTTP/2's handler reports it.
    case clientReset
    case connectionLost
    case wait(TimeAmount)
    case beginDraining, refuseCalls, terminate
    case blockWrites
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var path: String
    var steps: [Step]
    /// Frames sent: "HTTP-STATUS[/GRPC-STATUS]" for the first block, "data LENGTH", "trailers GRPC-STATUS", "reset CODE".
    var sent: [String]
    /// What the handler heard, in order.
    var heard: [String]

    init(_ name: String, path: String = "/t/Record", _ steps: [Step], sent: [String], heard: [String] = []) {
      testDescription = name
      self.path = path
      self.steps = steps
      self.sent = sent
      self.heard = heard
    }
  }

  private static let message: [UInt8] = [0, 0, 0, 0, 2, 1, 2]

  static let cases: [Case] = [
    Case(
      "a call that ends well", [.headers(), .data(message, end: true)], sent: ["200", "data 7", "trailers 0"],
      heard: ["2 bytes", "end"]),
    Case(
      "a request that ends by trailers", [.headers(), .data(message), .trailers([("x-checksum", "1")])],
      sent: ["200", "data 7", "trailers 0"], heard: ["2 bytes", "end"]),
    Case("a request that is only headers", [.headers(end: true)], sent: ["200/0"], heard: ["end"]),
    Case(
      "a message in three frames", [.headers(), .data([0, 0, 0]), .data([0, 2, 1]), .data([2], end: true)],
      sent: ["200", "data 7", "trailers 0"], heard: ["2 bytes", "end"]),
    Case(
      "two messages in a frame", [.headers(), .data(message + message, end: true)],
      sent: ["200", "data 14", "trailers 0"], heard: ["2 bytes", "2 bytes", "end"]),
    Case("GET", [.headers([(":method", "GET")])], sent: ["405", "reset 0"]),
    Case("GET that is over", [.headers([(":method", "GET")], end: true)], sent: ["405"]),
    Case("another content type", [.headers([("content-type", "text/plain")])], sent: ["415", "reset 0"]),
    Case("gRPC-Web", [.headers([("content-type", "application/grpc-web")])], sent: ["415", "reset 0"]),
    Case("an unknown method", path: "/t/Nothing", [.headers(end: true)], sent: ["200/12"]),
    Case("an unknown encoding", [.headers([("grpc-encoding", "br")], end: true)], sent: ["200/12"]),
    Case("a malformed timeout", [.headers([("grpc-timeout", "-1S")], end: true)], sent: ["200/13"]),
    Case("an interceptor's refusal", [.headers([("refuse", "yes")])], sent: ["200/7", "reset 0"]),
    Case(
      "data after a refusal is dropped", [.headers([("refuse", "yes")]), .data(message, end: true)],
      sent: ["200/7", "reset 0"]),
    Case("headers that are malformed", [.headers([("Upper", "x")], end: true)], sent: ["reset 1"]),
    Case(
      "trailers that are malformed", [.headers(), .data(message), .trailers([("x", "\n")])],
      sent: ["200", "data 7", "reset 1"], heard: ["2 bytes", "failed(internal)"]),
    Case("headers in the middle", [.headers(), .headers()], sent: ["reset 1"], heard: ["failed(internal)"]),
    Case("data behind the end", [.headers(end: true), .data(message)], sent: ["200/0", "reset 1"], heard: ["end"]),
    Case(
      "a flag that does not exist", [.headers(), .data([9, 0, 0, 0, 0])], sent: ["200/13", "reset 0"],
      heard: ["failed(internal)"]),
    Case(
      "compressed without an encoding", [.headers(), .data([1, 0, 0, 0, 1, 0])], sent: ["200/13", "reset 0"],
      heard: ["failed(internal)"]),
    Case(
      "gzip that is none", [.headers([("grpc-encoding", "gzip")]), .data([1, 0, 0, 0, 1, 0], end: true)],
      sent: ["200/13"], heard: ["failed(internal)"]),
    Case(
      "a message that is too large", [.headers(), .data([0, 0, 1, 0, 0])], sent: ["200/8", "reset 0"],
      heard: ["failed(resourceExhausted)"]),
    Case(
      "a request that ends within a message", [.headers(), .data([0, 0, 0, 0, 2, 1], end: true)], sent: ["200/13"],
      heard: ["failed(internal)"]),
    Case(
      "a request that ends within a prefix", [.headers(), .data([0, 0], end: true)], sent: ["200/13"],
      heard: ["failed(internal)"]),
    Case("no message where one is due", path: "/t/Unary", [.headers(end: true)], sent: ["200/12"]),
    Case(
      "two messages where one is due", path: "/t/Unary", [.headers(), .data(message + message)],
      sent: ["200/12", "reset 0"]),
    Case(
      "a deadline", [.headers([("grpc-timeout", "1S")]), .wait(.milliseconds(900)), .wait(.milliseconds(200))],
      sent: ["200/4", "reset 0"], heard: ["deadlineExceeded"]),
    Case(
      "a deadline of nothing", [.headers([("grpc-timeout", "0n")]), .wait(.milliseconds(1))],
      sent: ["200/4", "reset 0"], heard: ["deadlineExceeded"]),
    Case(
      "a deadline within an answer", [.headers([("grpc-timeout", "1S")]), .data(message), .wait(.seconds(2))],
      sent: ["200", "data 7", "trailers 4", "reset 0"], heard: ["2 bytes", "deadlineExceeded"]),
    Case(
      "a deadline that the end beats", [.headers([("grpc-timeout", "1S")], end: true), .wait(.seconds(2))],
      sent: ["200/0"], heard: ["end"]),
    Case(
      "a message that drips", [.headers(), .data([0]), .wait(.seconds(100))], sent: ["200/4", "reset 0"],
      heard: ["failed(deadlineExceeded)"]),
    Case(
      "a client that gives up", [.headers(), .data(message), .clientReset], sent: ["200", "data 7"],
      heard: ["2 bytes", "clientReset"]),
    Case(
      "a client that gives up twice", [.headers(), .clientReset, .connectionLost], sent: [], heard: ["clientReset"]),
    Case("a connection that breaks", [.headers(), .connectionLost], sent: [], heard: ["connectionLost"]),
    Case(
      "a connection that breaks after the end", [.headers(end: true), .connectionLost], sent: ["200/0"], heard: ["end"]),
    Case(
      "a server that goes", [.headers(), .beginDraining, .data(message, end: true)],
      sent: ["200", "data 7", "trailers 0"], heard: ["draining", "2 bytes", "end"]),
    Case(
      "a server that is gone", [.headers(), .terminate], sent: ["200/14", "reset 0"], heard: ["serverShuttingDown"]),
    Case("a call behind the last", [.refuseCalls, .headers()], sent: ["reset 7"]),
    Case(
      "a client that does not read", [.headers(), .blockWrites, .data(message + message + message)],
      sent: ["200", "reset 11"],
      heard: ["unwritable", "2 bytes", "2 bytes", "2 bytes", "failed(internal)"]),
    Case(
      "a handler that finishes early", path: "/t/Early", [.headers(), .data(message), .data(message, end: true)],
      sent: ["200/9", "reset 0"], heard: ["2 bytes"]),
  ]

  @Test("each way has its frames and its word to the handler", arguments: cases)
  func table(testCase: Case) throws {
    let stream = try EmbeddedStream()
    for step in testCase.steps { try stream.perform(step, path: testCase.path) }
    let sent = try stream.sent()
    #expect(sent == testCase.sent)
    #expect(stream.heard.value == testCase.heard)
    try stream.finish()
  }
}
