import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing

@testable import RPCServer

@Suite("Rules of a connection")
struct ConnectionTests {
  @Test("draining announces, waits for the ping, refuses, and closes after the last call")
  func drain() {
    var drain = ConnectionDrain()
    drain.streamOpened(1)
    #expect(drain.begin() == [.announce, .ping])
    #expect(drain.begin().isEmpty)
    // The client opened this one before it read the GOAWAY.
    drain.streamOpened(3)
    #expect(drain.streamClosed().isEmpty)
    #expect(!drain.refusesStreams)
    #expect(drain.announcementRead() == [.goAway(lastStreamID: 3)])
    #expect(drain.refusesStreams)
    #expect(drain.announcementRead().isEmpty)
    #expect(drain.streamClosed() == [.close])
  }

  @Test("an idle connection closes once the client has read the GOAWAY")
  func idleDrain() {
    var drain = ConnectionDrain()
    #expect(drain.announcementRead().isEmpty)
    _ = drain.begin()
    #expect(drain.announcementRead() == [.goAway(lastStreamID: 0), .close])
  }

  @Test("the third early ping is one too many, unless something was sent")
  func pings() {
    var pings = PingEnforcement(minimumInterval: .seconds(10), permitsPingsWithoutCalls: false)
    func isTooMany(at seconds: Int64, hasOpenCalls: Bool) -> Bool {
      pings.received(now: .uptimeNanoseconds(0) + .seconds(seconds), hasOpenCalls: hasOpenCalls)
    }
    let inCall = [0, 1, 12, 13].map { isTooMany(at: $0, hasOpenCalls: true) }
    #expect(inCall == [false, false, false, false], "two of them were early")
    pings.sentFrame()
    #expect(!isTooMany(at: 14, hasOpenCalls: true))
    let idle = [30, 60, 90].map { isTooMany(at: $0, hasOpenCalls: false) }
    #expect(idle == [false, false, true])
  }

  @Test("a message allows a ping for each frame that it fills, as clients send that measure bandwidth")
  func pingsWithinALargeMessage() {
    var pings = PingEnforcement(minimumInterval: .seconds(10), permitsPingsWithoutCalls: true)
    pings.sentMessage(bytes: 100 * PingEnforcement.bytesPerPing)
    let tooMany = (1...200).first { index in
      pings.received(now: .uptimeNanoseconds(UInt64(index)), hasOpenCalls: true)
    }
    #expect(tooMany == 105, "the first is none too early, 101 are allowed, two are forgiven")
  }

  private static let good: HPACKHeaders = [
    ":method": "POST", ":path": "/s/m", ":scheme": "http", "te": "trailers", "content-type": "application/grpc",
  ]

  @Test(
    "requests that are no gRPC calls get an HTTP status",
    arguments: [
      (":method", "GET", "405"), ("content-type", "text/html", "415"), ("content-type", "application/grpc-web", "415"),
      ("content-type", "", "415"), ("content-type", "application/grpcx", "415"),
    ])
  func notGRPC(name: String, value: String, status: String) {
    var headers = Self.good
    headers.replaceOrAdd(name: name, value: value)
    let rejection = #expect(throws: RequestHead.Rejection.self) { try RequestHead(headers) }
    guard case .http(status, _) = rejection else {
      Issue.record("rejected with \(String(describing: rejection))")
      return
    }
  }

  @Test(
    "subtypes, parameters and a missing te are taken", arguments: ["application/grpc+proto", "application/grpc; a=b"])
  func contentTypes(value: String) throws {
    var headers = Self.good
    headers.replaceOrAdd(name: "content-type", value: value)
    headers.remove(name: "te")
    headers.add(name: "grpc-accept-encoding", value: "identity, gzip")
    headers.add(name: "grpc-timeout", value: "2S")
    let head = try RequestHead(headers)
    #expect(head.path == "/s/m")
    #expect(head.timeout == .seconds(2))
    #expect(head.acceptsGzip)
    #expect(head.encoding == .identity)
  }

  @Test("an unknown encoding is UNIMPLEMENTED, a malformed timeout INTERNAL")
  func refusals() {
    var headers = Self.good
    headers.add(name: "grpc-encoding", value: "snappy")
    let encoding = #expect(throws: RequestHead.Rejection.self) { try RequestHead(headers) }
    if case .unsupportedEncoding(let status) = encoding {
      #expect(status.code == .unimplemented)
    } else {
      Issue.record()
    }
    headers = Self.good
    headers.add(name: "grpc-timeout", value: "soon")
    let timeout = #expect(throws: RequestHead.Rejection.self) { try RequestHead(headers) }
    if case .status(let status) = timeout { #expect(status.code == .internal) } else { Issue.record() }
  }
}
