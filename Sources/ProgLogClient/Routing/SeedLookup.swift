import Dispatch
import Glibc
import Synchronization

/// Looks up what the name of a seed stands for: the name of a headless service stands for all its nodes.
enum SeedLookup {
  /// The name service did not tell.
  struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  /// More than a cluster has members; what a name service answers beyond that is not asked.
  private static let maximumAddresses = 32
  /// A lookup may block for as long as the name service takes: not on the threads that run tasks.
  private static let queue = DispatchQueue(label: "proglog.client.lookup", attributes: .concurrent)

  /// An answer for whoever comes first: the thread that has it, or the end of the task that waits.
  private final class Pending: Sendable {
    private enum State {
      case begun
      case waiting(CheckedContinuation<[NodeAddress], any Error>)
      case over
    }

    private let state = Mutex(State.begun)

    /// - Returns: whether the answer is still wanted.
    func wait(_ continuation: CheckedContinuation<[NodeAddress], any Error>) -> Bool {
      self.state.withLock { state in
        guard case .begun = state else { return false }
        state = .waiting(continuation)
        return true
      }
    }

    func complete(_ result: Result<[NodeAddress], any Error>) {
      let continuation = self.state.withLock { state -> CheckedContinuation<[NodeAddress], any Error>? in
        defer { state = .over }
        if case .waiting(let continuation) = state { return continuation }
        return nil
      }
      continuation?.resume(with: result)
    }
  }

  /// - Returns: numeric addresses, at least one; `address` itself when it is one.
  /// - Throws: ``Failed``, or `CancellationError` at once when the task is cancelled.
  static func addresses(of address: NodeAddress) async throws -> [NodeAddress] {
    if address.isNumeric { return [address] }
    let pending = Pending()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard pending.wait(continuation) else { return continuation.resume(throwing: CancellationError()) }
        self.queue.async { pending.complete(Result { try self.resolve(address) }) }
      }
    } onCancel: {
      pending.complete(.failure(CancellationError()))
    }
  }

  private static func resolve(_ address: NodeAddress) throws(Failed) -> [NodeAddress] {
    var hint = addrinfo()
    hint.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hint.ai_protocol = Int32(IPPROTO_TCP)
    var first: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address.host, String(address.port), &hint, &first)
    guard status == 0 else {
      throw Failed(description: "\(address.host): \(String(cString: gai_strerror(status)).lowercased())")
    }
    defer { freeaddrinfo(first) }
    var found: [NodeAddress] = []
    var next = first
    while let entry = next?.pointee, found.count < Self.maximumAddresses {
      if let host = Self.numericHost(entry) {
        let numeric = NodeAddress(host: host, port: address.port)
        if !found.contains(numeric) { found.append(numeric) }
      }
      next = entry.ai_next
    }
    guard !found.isEmpty else { throw Failed(description: "\(address.host): it has no address") }
    return found
  }

  private static func numericHost(_ entry: addrinfo) -> String? {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = getnameinfo(
      entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    guard status == 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
