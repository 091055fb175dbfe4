extension KubernetesError {
  /// The HTTP status of the server's answer, if it gave one.
  package var code: Int? { if case .status(let status) = self { status.code } else { nil } }

  /// The resource version or the continue token is older than the server's history.
  package var isExpired: Bool { code == 410 }
  package var isNotFound: Bool { code == 404 }
  /// Our rights do not reach that far.
  package var isForbidden: Bool { code == 403 }
  /// Someone else changed the object meanwhile, or a precondition on its uid did not hold.
  package var isConflict: Bool { code == 409 && !isAlreadyExists }
  /// An object of that name is there, perhaps one that is still being deleted: look at its `isBeingDeleted`.
  package var isAlreadyExists: Bool {
    if case .status(let status) = self { status.reason == "AlreadyExists" } else { false }
  }

  /// An object of that name is there and about to go, or its namespace is: creating it may succeed later.
  package var isStillTerminating: Bool {
    guard case .status(let status) = self else { return false }
    // Said in the message only: apiserver's registry/generic/registry/store.go.
    if status.reason == "AlreadyExists" { return status.message.hasPrefix("object is being deleted") }
    return status.code == 403 && status.message.contains("because it is being terminated")
  }

  /// The server does not know what we asked for, such as an option that is younger than it.
  var isUnsupported: Bool { code == 400 || code == 422 }

  /// How long the server asked to be left alone.
  package var retryAfter: Duration? { if case .status(let status) = self { status.retryAfter } else { nil } }

  /// Whether the same request may succeed later though nothing about it changes: no answer, 429 or 5xx, among them
  /// 504 "Too large resource version", which a server gives whose cache lags behind the one that we asked before.
  package var isWorthRepeating: Bool {
    switch self {
    case .status(let status): status.code == 429 || status.code >= 500
    case .transport, .notLeader: true  // By whoever leads now.
    case .malformed, .configuration: false
    }
  }
}
