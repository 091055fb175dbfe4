import Certificates
import CoreMetrics
import Gossip
package import Logging
import NIOCore
import Synchronization

/// TLS handshakes that failed: counted by port and reason, and told in the log, now and then.
package final class HandshakeReports: Sendable {
  enum Port: String, Hashable, Sendable, CaseIterable {
    /// Clients of the gRPC API.
    case rpc
    /// Clients of the HTTP API.
    case http
    /// Nodes that called this one.
    case peer
    /// Nodes that this one called.
    case dialed
  }

  private struct Key: Hashable {
    var port: Port
    var reason: String
  }

  private struct State {
    var throttles: [Port: LogThrottle] = [:]
    /// Made when first needed: most of the reasons never come.
    var counters: [Key: Counter] = [:]
  }

  /// Between lines of one port.
  private static let interval = TimeAmount.seconds(10)

  private let logger: Logger
  private let state = Mutex(State())

  package init(logger: Logger) {
    self.logger = logger
  }

  func failed(_ failure: HandshakeFailure, _ port: Port, _ address: SocketAddress?) {
    let key = Key(port: port, reason: failure.label)
    let leftOut = state.withLock { state in
      let counter = state.counters[key] ?? Self.counter(key)
      state.counters[key] = counter
      counter.increment()
      return state.throttles[port, default: LogThrottle(interval: Self.interval)].admit(at: .now())
    }
    // A connection that only ends is a probe's, most likely.
    let level: Logger.Level = failure == .closed ? .debug : .notice
    guard let leftOut else { return }
    var metadata: Logger.Metadata = [
      "port": "\(port.rawValue)", "reason": "\(failure)", "peer": "\(address.map { "\($0)" } ?? "unknown")",
    ]
    if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
    logger.log(level: level, "refused a TLS handshake", metadata: metadata)
  }

  private static func counter(_ key: Key) -> Counter {
    Counter(
      label: "proglog_tls_refused_handshakes_total", dimensions: [("port", key.port.rawValue), ("reason", key.reason)])
  }
}
