import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import RPCServer

/// RFC 9113, 8.2 and 8.3.1: which blocks of headers are malformed. NIO's handler, which could check it instead, judges each
/// block too.
@Suite("Header blocks")
struct HeaderBlockTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var block: [(String, String)]
    var malformed: HeaderBlock.Malformed?

    init(_ name: String, _ block: [(String, String)], _ malformed: HeaderBlock.Malformed? = nil) {
      testDescription = name
      self.block = block
      self.malformed = malformed
    }

    /// The block of a call with more fields.
    init(_ name: String, and fields: (String, String)..., malformed: HeaderBlock.Malformed? = nil) {
      self.init(name, call + fields, malformed)
    }
  }

  private static let call = [(":method", "POST"), (":scheme", "http"), (":path", "/t/M"), (":authority", "host:1")]

  static let requestBlocks: [Case] = [
    Case("a call", and: ("te", "trailers"), ("content-type", "application/grpc"), ("grpc-timeout", "1S")),
    Case("without :authority", call.dropLast()),
    Case("every character of a name", and: ("!#$%&'*+-.^_`|~09az", "x")),
    Case("a value of nothing, of spaces, of UTF-8", and: ("a", ""), ("b", " x\t"), ("c", "\u{E4}\u{7F}\u{1}")),
    Case("UTF-8 in a path", [call[0], call[1], (":path", "/\u{E4}")]),
    Case("names that begin as others do", and: ("connections", "x"), ("tea", "x"), ("upgrad", "x"), ("t", "x")),
    Case("CONNECT to a host", [(":method", "CONNECT"), (":authority", "host:1")]),

    Case("nothing", [], .incomplete),
    Case("no :method", Array(call.dropFirst()), .incomplete),
    Case("no :scheme", [call[0], call[2], call[3]], .incomplete),
    Case("no :path", [call[0], call[1], call[3]], .incomplete),
    Case("CONNECT with a path", [(":method", "CONNECT")] + call.dropFirst(), .incomplete),
    Case("CONNECT without a host", [(":method", "CONNECT")], .incomplete),
    Case("an empty :path", [call[0], call[1], (":path", "")], .value(name: ":path")),
    Case("one twice", [call[0]] + call, .pseudoHeader(":method")),
    Case("one behind a field", [call[0], ("a", "b")] + call.dropFirst(), .pseudoHeader(":scheme")),
    Case("one of responses", call + [(":status", "200")], .pseudoHeader(":status")),
    Case("one that is not negotiated (RFC 8441)", call + [(":protocol", "websocket")], .pseudoHeader(":protocol")),
    Case("one that nobody knows", call + [(":x", "y")], .pseudoHeader(":x")),
    Case("a colon alone", call + [(":", "y")], .pseudoHeader(":")),
    Case("one in upper case", call + [(":Path", "/")], .pseudoHeader(":Path")),
    Case("a space in :path", [call[0], call[1], (":path", "/a HTTP/1.1")], .value(name: ":path")),
    Case("a line break in :method", [(":method", "POST\r\n")] + call.dropFirst(), .value(name: ":method")),
    Case("DEL in :authority", Array(call.dropLast()) + [(":authority", "a\u{7F}")], .value(name: ":authority")),
    Case("upper case", and: ("X-Upper", "x"), malformed: .name("X-Upper")),
    Case("a name of nothing", and: ("", "x"), malformed: .name("")),
    Case("a space in a name", and: ("a b", "x"), malformed: .name("a b")),
    Case("a colon in a name", and: ("a:", "x"), malformed: .name("a:")),
    Case("a name that is not ASCII", and: ("\u{E4}", "x"), malformed: .name("\u{E4}")),
    Case("a line feed in a value", and: ("a", "x\ny"), malformed: .value(name: "a")),
    Case("a carriage return in a value", and: ("a", "\r"), malformed: .value(name: "a")),
    Case("NUL in a value", and: ("a", "\0"), malformed: .value(name: "a")),
    Case("connection", and: ("connection", "close"), malformed: .connectionSpecific("connection")),
    Case("keep-alive", and: ("keep-alive", "1"), malformed: .connectionSpecific("keep-alive")),
    Case("proxy-connection", and: ("proxy-connection", "x"), malformed: .connectionSpecific("proxy-connection")),
    Case("transfer-encoding", and: ("transfer-encoding", "x"), malformed: .connectionSpecific("transfer-encoding")),
    Case("upgrade", and: ("upgrade", "h2c"), malformed: .connectionSpecific("upgrade")),
    Case("te of another", and: ("te", "gzip"), malformed: .connectionSpecific("te")),
  ]

  @Test("of requests", arguments: requestBlocks)
  func request(_ test: Case) throws {
    let headers = HPACKHeaders(test.block)
    #expect(Self.verdict(HeaderBlock.validateRequest, headers) == test.malformed)
    #expect(try Self.handlerTakes(headers) == (test.malformed == nil))
  }

  static let trailerBlocks: [Case] = [
    Case("nothing", []),
    Case("a field", [("x-checksum", "1")]),
    Case("a pseudo-header", [(":path", "/")], .pseudoHeader(":path")),
    Case("upper case", [("X", "1")], .name("X")),
    Case("a line feed in a value", [("a", "x\ny")], .value(name: "a")),
    Case("connection", [("connection", "close")], .connectionSpecific("connection")),
  ]

  @Test("of trailers", arguments: trailerBlocks)
  func trailers(_ test: Case) throws {
    let headers = HPACKHeaders(test.block)
    #expect(Self.verdict(HeaderBlock.validateTrailers, headers) == test.malformed)
    #expect(try Self.handlerTakes(HPACKHeaders(Self.call), trailers: headers) == (test.malformed == nil))
  }

  @Test("the blocks that we send are well formed to a client's handler")
  func sent() throws {
    var metadata = RPCMetadata()
    try metadata.add("a b", for: "x-text")
    try metadata.addBinary([0, 255], for: "x-data-bin")
    let status = RPCStatus(.internal, "line\nbreak \u{E4}", serializedDetails: [1, 2])
    let initial = ResponseHeaders.initial(compressed: true, metadata: metadata)
    #expect(try Self.clientTakes(initial, trailers: ResponseHeaders.trailers(status, metadata: metadata)))
    #expect(try Self.clientTakes(ResponseHeaders.trailersOnly(status, metadata: metadata, listsEncodings: true)))
    #expect(try Self.clientTakes(ResponseHeaders.http(status: "405", headers: ["allow": "POST"])))
  }

  private static func verdict(
    _ validate: (HPACKHeaders) throws(HeaderBlock.Malformed) -> Void, _ headers: HPACKHeaders
  ) -> HeaderBlock.Malformed? {
    do throws(HeaderBlock.Malformed) {
      try validate(headers)
      return nil
    } catch {
      return error
    }
  }

  /// Whether a server's handler that validates passes on the blocks of one stream.
  private static func handlerTakes(_ headers: HPACKHeaders, trailers: HPACKHeaders? = nil) throws -> Bool {
    let blocks = [headers] + (trailers.map { [$0] } ?? [])
    return try taken(blocks, by: .server, after: { try $0.writeInbound(RawConnection.preface) })
  }

  /// The same of a client's, which has sent a request.
  private static func clientTakes(_ headers: HPACKHeaders, trailers: HPACKHeaders? = nil) throws -> Bool {
    let blocks = [headers] + (trailers.map { [$0] } ?? [])
    return try taken(
      blocks, by: .client,
      after: {
        try $0.writeOutbound(
          HTTP2Frame(streamID: 1, payload: .headers(.init(headers: HPACKHeaders(call), endStream: true))))
      })
  }

  private static func taken(
    _ blocks: [HPACKHeaders], by mode: NIOHTTP2Handler.ParserMode, after begin: (EmbeddedChannel) throws -> Void
  ) throws -> Bool {
    let channel = EmbeddedChannel(handler: NIOHTTP2Handler(mode: mode))
    try channel.connect(to: .init(ipAddress: "127.0.0.1", port: 1)).wait()
    try begin(channel)
    var bytes = ByteBuffer()
    bytes.writeFrame(.settings)
    var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    for (index, block) in blocks.enumerated() {
      var encoded = ByteBuffer()
      try encoder.encode(headers: block, to: &encoded)
      let endsStream: UInt8 = index == blocks.count - 1 ? 1 : 0
      bytes.writeFrame(.headers, flags: 4 | endsStream, stream: 1, Array(encoded.readableBytesView))
    }
    // Errors of a stream are thrown as well.
    do { try channel.writeInbound(bytes) } catch is any NIOHTTP2Error {}
    var read = 0
    while let frame = try channel.readInbound(as: HTTP2Frame.self) {
      if case .headers = frame.payload { read += 1 }
    }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return read == blocks.count
  }
}
