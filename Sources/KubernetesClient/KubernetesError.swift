/// Why a request to the API server failed, as far as a controller acts on the difference.
package enum KubernetesError: Error, Sendable, Hashable {
  /// The server's answer was a `Status`.
  case status(APIStatus)
  /// No whole answer came: the connection, TLS or a time-out. Whether the request took effect is unknown.
  case transport(String)
  /// The answer was not what the API promises.
  case malformed(String)
  /// The client's own set-up is wrong: kubeconfig, token, certificate files.
  case configuration(String)
  /// A write was held back, since this process does not lead any more; see `LeaderAPI`.
  case notLeader
}

/// `meta/v1.Status`, what the API server says of a failure.
package struct APIStatus: Sendable, Hashable {
  /// The HTTP status.
  package var code: Int
  /// A CamelCase word: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, `Invalid`, `Forbidden`, …
  package var reason: String
  package var message: String
  /// The fields that were wrong, each as `path: message`.
  package var causes: [String]
  /// When the server asked to be left alone (`Retry-After` or `details.retryAfterSeconds`).
  package var retryAfter: Duration?

  package init(
    code: Int, reason: String, message: String, causes: [String] = [], retryAfter: Duration? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.causes = causes
    self.retryAfter = retryAfter
  }
}

extension KubernetesError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .status(let status):
      let causes = status.causes.isEmpty ? "" : " (\(status.causes.joined(separator: "; ")))"
      return "\(status.code) \(status.reason): \(status.message)\(causes)"
    case .transport(let what): return "no answer from the API server: \(what)"
    case .malformed(let what): return "unexpected answer from the API server: \(what)"
    case .configuration(let what): return "cannot talk to the API server: \(what)"
    case .notLeader: return "this process does not hold its lease any more and must not write"
    }
  }
}
