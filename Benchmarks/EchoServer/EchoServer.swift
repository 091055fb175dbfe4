import Glibc
import Logging
import NIOCore
import NIOPosix
import RPCServer

/// The echo service of the benchmarks on RPCServer, with what `logd` serves on: one event loop and the default limits.
/// Prints its address and runs until it is killed.
@main
enum EchoServer {
  static func main() async throws {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = RPCServer(
      router: RPCRouter([
        .unary("/bench.Echo/Unary") { request, call in call.respond(EchoMessage.reencoded(request)) },
        RPCMethod("/bench.Echo/Bidi") { BidirectionalEcho($0) },
        .serverStreaming("/bench.Echo/Repeat") { request, call in Repeater(request, call).start() },
      ]), eventLoopGroup: loops, logger: Logger(label: "echo"))
    for address in try await server.start() {
      print("\(address.ipAddress ?? ""):\(address.port ?? 0)")
    }
    fflush(nil)
    try await loops.next().makePromise(of: Void.self).futureResult.get()
  }
}

/// `Message{bytes payload = 1}`, decoded and encoded again as the peer does.
enum EchoMessage {
  static func reencoded(_ message: ByteBuffer) -> ByteBuffer {
    guard let payload = payload(of: message) else { return message }
    var copy = ByteBuffer()
    copy.reserveCapacity(message.readableBytes)
    copy.writeInteger(UInt8(1 << 3 | 2))
    var length = payload.readableBytes
    while length >= 0x80 {
      copy.writeInteger(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    copy.writeInteger(UInt8(length))
    copy.writeImmutableBuffer(payload)
    return copy
  }

  /// `nil` for an empty message, and for one that is none.
  static func payload(of message: ByteBuffer) -> ByteBuffer? {
    var message = message
    guard message.readInteger(as: UInt8.self) == 1 << 3 | 2 else { return nil }
    var length = 0
    var shift = 0
    while shift < 32, let byte = message.readInteger(as: UInt8.self) {
      length |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return message.readSlice(length: length) }
      shift += 7
    }
    return nil
  }
}

/// Answers every message with itself, and reads no more while the client does not read.
final class BidirectionalEcho: RPCCallHandler {
  private let call: RPCCall

  init(_ call: RPCCall) { self.call = call }

  func receive(_ message: ByteBuffer) {
    call.send(EchoMessage.reencoded(message))
    if !call.isWritable { call.pauseReading() }
  }

  func receiveEnd() { call.finish(.ok) }

  func writabilityChanged() {
    if call.isWritable { call.resumeReading() } else { call.pauseReading() }
  }
}

/// Sends the request as often as the number says with which its payload begins.
final class Repeater {
  private let request: ByteBuffer
  private let call: RPCCall
  private var remaining: UInt32

  init(_ request: ByteBuffer, _ call: RPCCall) {
    self.request = request
    self.call = call
    remaining = EchoMessage.payload(of: request)?.getInteger(at: 0) ?? 0
  }

  /// The call's callback keeps the repeater, so that it lives as long as the call.
  func start() {
    call.onWritabilityChange = { self.advance() }
    advance()
  }

  private func advance() {
    while remaining > 0, call.isWritable, !call.isEnded {
      call.send(EchoMessage.reencoded(request))
      remaining -= 1
    }
    if remaining == 0, !call.isEnded { call.finish(.ok) }
  }
}
