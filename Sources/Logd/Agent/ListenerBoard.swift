/// Where the listeners of a node turned out to listen; with port 0, only they know.
struct ListenerBoard: Sendable {
  enum Listener: CaseIterable, Sendable {
    case rpc
    case http
    case ops
  }

  private let posts: AsyncStream<(Listener, HostPort)>
  private let continuation: AsyncStream<(Listener, HostPort)>.Continuation

  init() { (posts, continuation) = AsyncStream.makeStream() }

  func post(_ listener: Listener, _ address: HostPort) { continuation.yield((listener, address)) }

  /// Waits until every listener has posted; nil when the task was cancelled before.
  func all() async -> [Listener: HostPort]? {
    var addresses: [Listener: HostPort] = [:]
    for await (listener, address) in posts {
      addresses[listener] = address
      if addresses.count == Listener.allCases.count { return addresses }
    }
    return nil
  }
}
