import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Synchronization
import Testing

@testable import RPCServer

/// What a connection does for all of its calls together, in memory: the whole pipeline without a socket.
@Suite("The calls of one turn")
struct ConnectionTurnTests {
  /// More than are flushed together, and not a multiple.
  private static let calls = 41

  @Test("the answers within a read are one write, and HTTP/2 is done with most of them by its end")
  func read() throws {
    let connection = try EmbeddedConnection()
    connection.beginRead(Self.requests("/t/Echo"))
    #expect(connection.handler.calls.count < 16)
    #expect(try connection.writes().isEmpty)
    connection.endRead()
    try expectAllAnswered(by: connection)
    try connection.close()
  }

  @Test("so are those that come later")
  func later() throws {
    let connection = try EmbeddedConnection()
    connection.beginRead(Self.requests("/t/Wait"))
    connection.endRead()
    #expect(connection.waiting.count == Self.calls)
    // The first read widens the connection's window.
    _ = try connection.writes()
    for call in connection.waiting { call.respond(ByteBuffer(string: "done")) }
    #expect(connection.handler.calls.count < 16)
    #expect(try connection.writes().isEmpty)
    connection.eventLoop.run()
    try expectAllAnswered(by: connection)
    try connection.close()
  }

  @Test("a close takes along what is held")
  func close() throws {
    let connection = try EmbeddedConnection()
    connection.beginRead(Self.requests("/t/Wait"))
    connection.endRead()
    for call in connection.waiting { call.respond(ByteBuffer()) }
    connection.handler.terminate()
    connection.eventLoop.run()
    #expect(try connection.statuses(connection.writes()) == Array(repeating: "0", count: Self.calls))
  }

  @Test("each call ends at its own deadline, whichever came first")
  func deadlines() throws {
    let connection = try EmbeddedConnection()
    var bytes = ByteBuffer()
    for (index, timeout) in ["3S", "1S", "2S", "1S", "4S"].enumerated() {
      Self.write("/t/Wait", stream: 2 * index + 1, to: &bytes, fields: RawConnection.literal("grpc-timeout", timeout))
    }
    Self.write("/t/Wait", stream: 11, to: &bytes)
    connection.beginRead(bytes)
    connection.endRead()
    // Over before its deadline.
    connection.waiting[4].respond(ByteBuffer())
    var ended: [[String]] = []
    for _ in 0..<5 {
      ended.append(try connection.statuses(connection.writes()))
      connection.eventLoop.advanceTime(by: .seconds(1))
    }
    #expect(ended == [[], ["0", "4", "4"], ["4"], ["4"], []])
    #expect(connection.handler.calls.count == 1)
    try connection.close()
  }

  /// In one write.
  private func expectAllAnswered(by connection: EmbeddedConnection) throws {
    #expect(connection.handler.calls.isEmpty)
    let writes = try connection.writes()
    #expect(writes.count == 1)
    #expect(try connection.statuses(writes) == Array(repeating: "0", count: Self.calls))
  }

  private static func requests(_ path: String) -> ByteBuffer {
    var bytes = ByteBuffer()
    for index in 0..<calls { write(path, stream: 2 * index + 1, to: &bytes) }
    return bytes
  }

  private static func write(_ path: String, stream: Int, to bytes: inout ByteBuffer, fields: [UInt8] = []) {
    bytes.writeFrame(.headers, flags: 4, stream: UInt32(stream), RawConnection.headerBlock(path) + fields)
    bytes.writeFrame(.data, flags: 1, stream: UInt32(stream), [0, 0, 0, 0, 1, 7])
  }
}

/// A connection to a server with two methods: one answers at once, the other leaves it to the test.
private final class EmbeddedConnection {
  let eventLoop = EmbeddedEventLoop()
  let handler: RPCConnectionHandler
  var waiting: [RPCCall] { calls.withLock { $0.map(\.value) } }
  private let calls: Calls
  private let channel: EmbeddedChannel
  private let server: RPCServer
  private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())

  final class Calls: Sendable {
    private let calls = Mutex<[NIOLoopBound<RPCCall>]>([])
    func withLock<Value>(_ body: (inout [NIOLoopBound<RPCCall>]) -> Value) -> Value { calls.withLock { body(&$0) } }
  }

  init() throws {
    let calls = Calls()
    let eventLoop = eventLoop
    self.calls = calls
    server = RPCServer(
      router: RPCRouter([
        .unary("/t/Echo") { request, call in call.respond(request) },
        .unary("/t/Wait") { _, call in
          calls.withLock { $0.append(NIOLoopBound(call, eventLoop: eventLoop)) }
        },
      ]), eventLoopGroup: eventLoop, logger: Logger(label: "test"))
    channel = EmbeddedChannel(loop: eventLoop)
    try server.attach(to: channel)
    handler = try channel.pipeline.syncOperations.handler(type: RPCConnectionHandler.self)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    beginRead(RawConnection.preface)
    endRead()
    _ = try writes()
  }

  func beginRead(_ bytes: ByteBuffer) { channel.pipeline.fireChannelRead(bytes) }

  func endRead() {
    channel.pipeline.fireChannelReadComplete()
    eventLoop.run()
  }

  /// What was flushed to the socket since the last look.
  func writes() throws -> [ByteBuffer] {
    var writes: [ByteBuffer] = []
    while let data = try channel.readOutbound(as: IOData.self) {
      if case .byteBuffer(let bytes) = data { writes.append(bytes) }
    }
    return writes
  }

  /// Of the trailers in them, in order.
  func statuses(_ writes: [ByteBuffer]) throws -> [String] {
    let received = Received()
    for bytes in writes { received.append(bytes) }
    var statuses: [String] = []
    for frame in received.frames where frame.kind == .headers {
      var block = frame.payload
      statuses += try decoder.decodeHeaders(from: &block)["grpc-status"]
    }
    return statuses
  }

  func close() throws {
    calls.withLock { $0 = [] }
    _ = try channel.finish(acceptAlreadyClosed: true)
  }
}
