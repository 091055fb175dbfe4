/// Why a process that led must end.
package enum LeaseLost: Error, Sendable, Hashable, CustomStringConvertible {
  /// Nobody may have it yet, but soon somebody will; with what the last attempt failed of.
  case notRenewed(KubernetesError?)
  case taken(by: String)

  package var description: String {
    switch self {
    case .notRenewed(let error?): "the lease could not be renewed in time: \(error)"
    case .notRenewed(nil): "the lease was not renewed in time: this process was paused"
    case .taken(by: ""): "the lease was given away by somebody else"
    case .taken(let holder): "the lease is now held by \(holder)"
    }
  }
}
