import NIOCore
import NIOHPACK
import NIOPosix
import Synchronization

@testable import RPCServer

/// A connection whose bytes a test makes by hand: for what no HTTP/2 library can be made to send.
struct RawConnection: Sendable {
  let channel: any Channel
  let received: Received

  /// What a client begins with: the magic (RFC 9113, 3.4), empty SETTINGS, and an acknowledgement of the server's.
  static let preface: ByteBuffer = {
    var preface = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    preface.writeFrame(.settings)
    preface.writeFrame(.settings, flags: 1)
    return preface
  }()

  /// Connects and sends the preface.
  static func connect(to address: SocketAddress) async throws -> RawConnection {
    let received = Received()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ReceivingHandler(received))
        }
      }
      .connect(to: address).get()
    let connection = RawConnection(channel: channel, received: received)
    try await connection.channel.writeAndFlush(preface)
    return connection
  }

  /// A block of headers for a call of `path`, without Huffman and dynamic table.
  static func headerBlock(_ path: String = "/test.Echo/Hang") -> [UInt8] {
    literal(":method", "POST") + literal(":scheme", "http") + literal(":path", path)
      + literal("content-type", "application/grpc") + literal("te", "trailers")
  }

  /// A literal field without indexing (RFC 7541, 6.2.2); both parts shorter than 127 bytes.
  static func literal(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
  }
}

extension ByteBuffer {
  mutating func writeFrame(
    _ kind: FrameHeader.Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []
  ) {
    writeFrame(type: kind.rawValue, flags: flags, stream: stream, payload)
  }

  mutating func writeFrame(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    writeInteger(UInt32(payload.count) << 8 | UInt32(type))
    writeInteger(flags)
    writeInteger(stream)
    writeBytes(payload)
  }
}

/// The frames of a server: kinds, flags, streams and payloads.
final class Received: Sendable {
  struct Frame: Sendable {
    var kind: FrameHeader.Kind?
    var flags: UInt8
    var stream: UInt32
    var payload: ByteBuffer
  }

  private struct State {
    var bytes = ByteBuffer()
    var frames: [Frame] = []
  }

  private let state = Mutex(State())
  var frames: [Frame] { state.withLock { $0.frames } }

  /// The debug text of the first GOAWAY with ENHANCE_YOUR_CALM.
  var complaint: String? {
    for frame in frames where frame.kind == .goAway {
      var payload = frame.payload
      payload.moveReaderIndex(forwardBy: 4)
      if payload.readInteger(as: UInt32.self) == 11 { return String(buffer: payload) }
    }
    return nil
  }

  func append(_ bytes: ByteBuffer) {
    state.withLock { state in
      state.bytes.writeImmutableBuffer(bytes)
      while let head = state.bytes.getInteger(at: state.bytes.readerIndex, as: UInt32.self),
        var frame = state.bytes.readSlice(length: 9 + Int(head >> 8))
      {
        frame.moveReaderIndex(forwardBy: 4)
        guard let (flags, stream) = frame.readMultipleIntegers(as: (UInt8, UInt32).self) else { return }
        state.frames.append(
          Frame(kind: .init(rawValue: UInt8(truncatingIfNeeded: head)), flags: flags, stream: stream, payload: frame))
      }
    }
  }
}

private final class ReceivingHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let received: Received

  init(_ received: Received) { self.received = received }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { received.append(unwrapInboundIn(data)) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A server that cuts us off may reset the connection.
    context.close(promise: nil)
  }
}
