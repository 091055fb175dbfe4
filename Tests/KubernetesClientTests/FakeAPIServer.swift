import FoundationEssentials
import KubernetesClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a loopback port that answers as a test tells it, and remembers what it was asked.
final class FakeAPIServer: Sendable {
  struct Request: Sendable {
    var method: String
    var path: String
    var query: [String: String]
    var headers: HTTPHeaders
    var body: JSONValue?

    func header(_ name: String) -> String? { headers.first(name: name) }
  }

  struct Reply: Sendable {
    enum Ending { case complete, cut, hang }

    var status = 200
    var headers: [(String, String)] = []
    /// Each is one HTTP chunk.
    var chunks: [String] = []
    var ending = Ending.complete

    static func json(_ text: String, status: Int = 200, headers: [(String, String)] = []) -> Reply {
      Reply(status: status, headers: headers, chunks: [text])
    }

    static func failure(_ code: Int, _ reason: String, headers: [(String, String)] = []) -> Reply {
      json(
        #"{"kind":"Status","status":"Failure","code":\#(code),"reason":"\#(reason)","message":"told so"}"#,
        status: code, headers: headers)
    }
  }

  private struct State {
    var requests: [Request] = []
    var openConnections = 0
  }

  private let channel: any Channel
  private let state: SharedState
  let port: Int

  private final class SharedState: Sendable {
    let value = Mutex(State())
  }

  private init(channel: any Channel, state: SharedState, port: Int) {
    self.channel = channel
    self.state = state
    self.port = port
  }

  var requests: [Request] { state.value.withLock { $0.requests } }
  var openConnections: Int { state.value.withLock { $0.openConnections } }

  static func start(_ answer: @escaping @Sendable (Request) -> Reply) async throws -> FakeAPIServer {
    let state = SharedState()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try child.pipeline.syncOperations.configureHTTPServerPipeline()
          try child.pipeline.syncOperations.addHandler(Handler(state: state, answer: answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return FakeAPIServer(channel: channel, state: state, port: channel.localAddress?.port ?? 0)
  }

  func stop() async throws {
    if channel.isActive { try await channel.close() }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: SharedState
    private let answer: @Sendable (Request) -> Reply
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(state: SharedState, answer: @escaping @Sendable (Request) -> Reply) {
      self.state = state
      self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) { state.value.withLock { $0.openConnections += 1 } }
    func channelInactive(context: ChannelHandlerContext) { state.value.withLock { $0.openConnections -= 1 } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body.clear()
      case .body(var part): body.writeBuffer(&part)
      case .end:
        guard let head else { return }
        let request = Self.request(head, body)
        state.value.withLock { $0.requests.append(request) }
        send(answer(request), context)
      }
    }

    private func send(_ reply: Reply, _ context: ChannelHandlerContext) {
      let head = HTTPResponseHead(
        version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: HTTPHeaders(reply.headers))
      context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
      for chunk in reply.chunks {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: chunk)))), promise: nil)
      }
      switch reply.ending {
      case .complete: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      case .cut: context.close(promise: nil)
      case .hang: break
      }
    }

    private static func request(_ head: HTTPRequestHead, _ body: ByteBuffer) -> Request {
      let url = URLComponents(string: head.uri)
      let query = (url?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
      return Request(
        method: head.method.rawValue, path: url?.path ?? "", query: Dictionary(query) { first, _ in first },
        headers: head.headers, body: try? JSONDecoder().decode(JSONValue.self, from: Data(body.readableBytesView)))
    }
  }
}
