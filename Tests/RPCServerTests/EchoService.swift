import Logging
import NIOCore
import NIOPosix
import ProgLogAPI
import SwiftProtobuf
import Synchronization

@testable import RPCServer

/// Methods that show every way to answer, for clients that are not ours.
final class EchoService: Sendable {
  let health = HealthService(statuses: ["": .serving, "test.Echo": .serving])
  private let cancellationsSeen = Mutex<[String]>([])

  var cancellations: [String] { cancellationsSeen.withLock { $0 } }

  var router: RPCRouter {
    var router = RPCRouter(health.methods)
    do {
      router.register(try ReflectionTests.service().methods)
    } catch { preconditionFailure("the generated descriptors cannot be read: \(error)") }
    router.register([
      .unary("/test.Echo/Unary") { request, call in
        call.sendInitialMetadata(Self.echoed(call.metadata))
        call.respond(request, trailers: Self.echoed(call.metadata))
      },
      .serverStreaming("/test.Echo/Stream") { Self.stream($0, $1) },
      RPCMethod("/test.Echo/Bidi") { BidiEcho(call: $0) },
      .unary("/test.Echo/Hang") { _, call in
        call.onCancel = { reason in self.cancellationsSeen.withLock { $0.append("\(reason)") } }
      },
      .unary("/test.Echo/Cancellations") { _, call in
        call.respond(ByteBuffer(string: self.cancellations.joined(separator: "\n")))
      },
      .unary("/test.Echo/Pause") { request, call in
        let milliseconds = Int64(String(buffer: request)) ?? 0
        let handle = call.handle
        call.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { handle.respond(ByteBuffer()) }
      },
      .unary("/test.Echo/Fail") { _, call in call.finish(Self.failure) },
      .async("/test.Echo/Async") { request, _ in
        if request.readableBytes == 0 { throw RPCStatus(.invalidArgument, "empty") }
        await Task.yield()
        return request
      },
      .serverStreaming("/test.Echo/Flood") { _, call in
        while !call.isEnded { call.send(ByteBuffer(repeating: 0, count: 64 << 10)) }
      },
    ])
    return router
  }

  private static func echoed(_ metadata: RPCMetadata) -> RPCMetadata {
    var echoed = RPCMetadata()
    do {
      for value in metadata.values("x-text") { try echoed.add(value, for: "x-text") }
      for value in metadata.binaryValues("x-data-bin") { try echoed.addBinary(value, for: "x-data-bin") }
    } catch { preconditionFailure("what came in must go out: \(error)") }
    return echoed
  }

  private static var failure: RPCStatus {
    var localized = Google_Rpc_LocalizedMessage()
    localized.locale = "en-US"
    localized.message = "no such offset"
    return RPCStatus(.outOfRange, "100% späť\n", details: [localized])
  }

  /// The request is "COUNT SIZE": that many messages of that many bytes, sent as the client takes them.
  private static func stream(_ request: ByteBuffer, _ call: RPCCall) {
    let numbers = String(buffer: request).split(separator: " ").compactMap { Int($0) }
    guard numbers.count == 2 else { return call.finish(RPCStatus(.invalidArgument, "expected COUNT SIZE")) }
    var left = numbers[0]
    let sendMore = { [unowned call] in
      while left > 0, call.isWritable {
        left -= 1
        call.send(capacity: numbers[1]) { $0.writeRepeatingByte(UInt8(ascii: "x"), count: numbers[1]) }
      }
      if left == 0 { call.finish(.ok) }
    }
    call.onWritabilityChange = { if left > 0 { sendMore() } }
    sendMore()
  }
}

private final class BidiEcho: RPCCallHandler {
  private let call: RPCCall

  init(call: RPCCall) { self.call = call }

  func receive(_ message: ByteBuffer) {
    call.send(message)
    if !call.isWritable { call.pauseReading() }
  }

  func receiveEnd() { call.finish(.ok) }

  func writabilityChanged() {
    if call.isWritable { call.resumeReading() }
  }
}

/// Counts what the server tells of itself.
final class CountingObserver: RPCObserver {
  struct Counts: Equatable {
    var opened = 0
    var closed = 0
    var started = 0
    var finished: [String] = []
    var received = 0
    var sent = 0
  }

  private let state = Mutex(Counts())
  var counts: Counts { state.withLock { $0 } }

  func connectionOpened() { state.withLock { $0.opened += 1 } }
  func connectionClosed() { state.withLock { $0.closed += 1 } }
  func callStarted(_ method: RPCMethod?) { state.withLock { $0.started += 1 } }
  func messageReceived(_ method: RPCMethod, bytes: Int) { state.withLock { $0.received += bytes } }
  func messageSent(_ method: RPCMethod, bytes: Int) { state.withLock { $0.sent += bytes } }
  func callFinished(_ method: RPCMethod?, code: RPCStatus.Code, duration: TimeAmount) {
    state.withLock { $0.finished.append("\(method?.path ?? "unknown") \(code)") }
  }
}

/// Runs `body` against a server with the echo methods on an ephemeral port, and shuts it down.
func withServer(
  _ configuration: RPCServer.Configuration = .defaults, interceptors: [RPCInterceptor] = [],
  observer: (any RPCObserver)? = nil, echo: EchoService = EchoService(),
  onAccept: @escaping @Sendable (RPCServer, any Channel) throws -> Void = { try $0.attach(to: $1) },
  _ body: (RPCServer, SocketAddress) async throws -> Void
) async throws {
  let server = RPCServer(
    configuration: configuration, router: echo.router, interceptors: interceptors, observer: observer,
    eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
  let addresses = try await server.start(onAccept: onAccept)
  do {
    try await body(server, addresses[0])
  } catch {
    try await server.shutdown(deadline: .now())
    throw error
  }
  try await server.shutdown(deadline: .now())
}

/// Waits until `condition` holds, for at most ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<1000 {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}
