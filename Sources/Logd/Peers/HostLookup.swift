import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Looks up the addresses of hosts, each host at most once at a time: a name service that does not answer costs one
/// waiting thread for each name, and no queue of questions that nobody waits for any more. Confined to the event loop.
final class HostLookup {
  private typealias Addresses = [SocketAddress]

  /// The promise of a lookup, for whoever takes it first: the thread that has the answer, or the end.
  private final class Pending: Sendable {
    private let promise: Mutex<EventLoopPromise<Addresses>?>
    let result: EventLoopFuture<Addresses>

    init(_ promise: EventLoopPromise<Addresses>) {
      self.promise = Mutex(promise)
      result = promise.futureResult
    }

    func complete(_ answer: Result<Addresses, any Error>) {
      promise.withLock { $0.take() }?.completeWith(answer)
    }
  }

  private let eventLoop: any EventLoop
  private let resolve: @Sendable (HostPort) throws -> [SocketAddress]
  private let threads = DispatchQueue(label: "host-lookup", attributes: .concurrent)
  private var pending: [HostPort: Pending] = [:]

  /// - Parameter resolve: asks, and may block.
  init(
    eventLoop: any EventLoop, resolve: @escaping @Sendable (HostPort) throws -> [SocketAddress] = HostLookup.resolve
  ) {
    self.eventLoop = eventLoop
    self.resolve = resolve
  }

  /// For one connection: asks anew, or shares the answer to a question that is on its way.
  func resolver(for target: HostPort) -> any Resolver & Sendable {
    SharedResolver(addresses: addresses(of: target))
  }

  /// Lets go of what is still being asked.
  func stop() {
    for lookup in pending.values { lookup.complete(.failure(CancellationError())) }
  }

  func addresses(of target: HostPort) -> EventLoopFuture<[SocketAddress]> {
    if let lookup = pending[target] { return lookup.result }
    let lookup = Pending(eventLoop.makePromise())
    pending[target] = lookup
    lookup.result.assumeIsolated().whenComplete { _ in self.pending[target] = nil }
    threads.async { [resolve] in lookup.complete(Result { try resolve(target) }) }
    return lookup.result
  }

  @Sendable static func resolve(_ target: HostPort) throws -> [SocketAddress] {
    var hint = addrinfo()
    hint.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hint.ai_protocol = Int32(IPPROTO_TCP)
    var first: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(target.host, String(target.port), &hint, &first)
    guard status == 0 else {
      throw LookupError(description: "\(target.host): \(String(cString: gai_strerror(status)))")
    }
    defer { freeaddrinfo(first) }
    var addresses: Addresses = []
    var next = first
    while let entry = next?.pointee {
      let bytes = UnsafeRawPointer(entry.ai_addr)
      switch entry.ai_family {
      case AF_INET: if let bytes { addresses.append(.init(bytes.load(as: sockaddr_in.self), host: target.host)) }
      case AF_INET6: if let bytes { addresses.append(.init(bytes.load(as: sockaddr_in6.self), host: target.host)) }
      default: break
      }
      next = entry.ai_next
    }
    return addresses
  }
}

/// A name that has no address, or of which nobody knows one.
struct LookupError: Error, CustomStringConvertible {
  let description: String
}

private struct SharedResolver: Resolver, Sendable {
  let addresses: EventLoopFuture<[SocketAddress]>

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    addresses.map { $0.filter { $0.protocol == .inet } }
  }

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    addresses.map { $0.filter { $0.protocol == .inet6 } }
  }

  func cancelQueries() {}
}
