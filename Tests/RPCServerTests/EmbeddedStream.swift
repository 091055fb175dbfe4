import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Synchronization

@testable import RPCServer

/// A connection's handler with one stream, on an embedded event loop and without HTTP/2's handler below.
final class EmbeddedStream {
  /// What the handler of the call was told.
  final class Heard: Sendable {
    private let words = Mutex<[String]>([])
    var value: [String] { words.withLock { $0 } }
    func append(_ word: String) { words.withLock { $0.append(word) } }
  }

  let heard = Heard()
  private let loop = EmbeddedEventLoop()
  private let connection: RPCConnectionHandler
  private let channel: EmbeddedChannel
  private let streamID: HTTP2StreamID = 1

  init() throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumReceiveMessageBytes = 1000
    configuration.maximumBufferedResponseBytes = 10
    configuration.keepalive.pingInterval = nil
    let heard = heard
    let router = RPCRouter([
      RPCMethod("/t/Record") { RecordingHandler(call: $0, heard: heard) },
      RPCMethod("/t/Silent") { _ in SilentHandler() },
      RPCMethod("/t/Early") { RecordingHandler(call: $0, heard: heard, finishesEarly: true) },
      .unary("/t/Unary") { request, call in call.respond(request) },
    ])
    let environment = RPCServerEnvironment(
      configuration: configuration, router: router,
      interceptors: [{ $0.metadata.first("refuse") == nil ? nil : RPCStatus(.permissionDenied, "refused") }],
      observer: nil, logger: Logger(label: "test"))
    connection = RPCConnectionHandler(
      environment: environment, eventLoop: loop, flushes: FlushCoalescingHandler(),
      abuse: AbuseGuard(limits: .init(), frameTimeout: .seconds(10)))
    channel = EmbeddedChannel(handler: connection, loop: loop)
    try channel.connect(to: .init(ipAddress: "127.0.0.1", port: 1)).wait()
    // The handshake is over.
    try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: .settings(.settings([]))))
  }

  private func receive(_ payload: HTTP2Frame.FramePayload) throws {
    try channel.writeInbound(HTTP2Frame(streamID: streamID, payload: payload))
  }

  func perform(_ step: StreamHandlerTests.Step, path: String) throws {
    switch step {
    case .headers(let fields, let end):
      try receive(.headers(.init(headers: HTTP2Client.headers(path, fields), endStream: end)))
    case .data(let bytes, let end):
      try receive(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: end)))
    case .trailers(let fields):
      try receive(.headers(.init(headers: HPACKHeaders(fields), endStream: true)))
    case .clientReset:
      channel.pipeline.fireUserInboundEventTriggered(StreamClosedEvent(streamID: streamID, reason: .cancel))
    case .connectionLost:
      channel.pipeline.fireChannelInactive()
    case .wait(let time):
      loop.advanceTime(by: time)
    case .beginDraining:
      connection.beginDraining()
    case .refuseCalls:
      // With a call that keeps the connection open.
      try channel.writeInbound(
        HTTP2Frame(streamID: 3, payload: .headers(.init(headers: HTTP2Client.headers("/t/Silent")))))
      connection.beginDraining()
      loop.advanceTime(by: .seconds(5))
    case .terminate:
      connection.terminate()
    case .blockWrites:
      channel.isWritable = false
      channel.pipeline.fireChannelWritabilityChanged()
    }
    loop.run()
  }

  func sent() throws -> [String] {
    var sent: [String] = []
    while let frame = try channel.readOutbound(as: HTTP2Frame.self) {
      guard frame.streamID == streamID else { continue }
      switch frame.payload {
      case .headers(let frame):
        let status = frame.headers.first(name: "grpc-status")
        if let http = frame.headers.first(name: ":status") {
          sent.append(http + (status.map { "/" + $0 } ?? ""))
        } else {
          sent.append("trailers \(status ?? "none")")
        }
      case .data(let frame): sent.append("data \(frame.data.readableBytes)")
      case .rstStream(let code): sent.append("reset \(code.networkCode)")
      default: sent.append("\(frame.payload)")
      }
    }
    return sent
  }

  func finish() throws {
    _ = try channel.finish(acceptAlreadyClosed: true)
  }
}

/// A call that does nothing.
private final class SilentHandler: RPCCallHandler {
  func receive(_ message: ByteBuffer) {}
  func receiveEnd() {}
  func cancelled(_ reason: RPCCancellation) {}
}

/// Echoes, and writes down what it hears.
private final class RecordingHandler: RPCCallHandler {
  private let call: RPCCall
  private let heard: EmbeddedStream.Heard
  private let finishesEarly: Bool

  init(call: RPCCall, heard: EmbeddedStream.Heard, finishesEarly: Bool = false) {
    self.call = call
    self.heard = heard
    self.finishesEarly = finishesEarly
  }

  func receive(_ message: ByteBuffer) {
    heard.append("\(message.readableBytes) bytes")
    if finishesEarly { call.finish(RPCStatus(.failedPrecondition, "not now")) } else { call.send(message) }
  }

  func receiveEnd() {
    heard.append("end")
    call.finish(.ok)
  }

  func cancelled(_ reason: RPCCancellation) {
    switch reason {
    case .clientReset: heard.append("clientReset")
    case .failed(let status): heard.append("failed(\(status.code))")
    default: heard.append("\(reason)")
    }
  }

  func writabilityChanged() { heard.append(call.isWritable ? "writable" : "unwritable") }

  func serverIsDraining() { heard.append("draining") }
}
