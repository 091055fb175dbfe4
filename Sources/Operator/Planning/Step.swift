import KubernetesClient

/// One thing that is to be done, waited for, or cannot be done, and why.
struct Step: Sendable, Hashable {
  var action: Action
  var object: ObjectReference
  var reason: Reason
  /// Says why in a clause that can follow `because`.
  var because: String
  /// What must be true before this step may be taken; nil when it may be taken now.
  var heldBackBy: String?

  enum Action: Sendable, Hashable {
    case create(DesiredObject)
    case change(DesiredObject)
    /// Deletes that very object.
    case delete(uid: String)
    /// Deletes that very pod, which the StatefulSet controller then makes anew.
    case restart(uid: String)
    /// Others have to do something first: the StatefulSet controller, a node, a load balancer.
    case await
    /// A person has to do something first.
    case refuse
  }

  /// Goes into logs, events, conditions and status as it is.
  enum Reason: String, Sendable {
    case missing = "Missing"
    case specChanged = "SpecChanged"
    case drifted = "Drifted"
    case surplus = "Surplus"
    case retentionChanged = "RetentionChanged"
    case templateChanged = "TemplateChanged"

    case podNotReady = "PodNotReady"
    case addressPending = "AddressPending"
    case deletionPending = "DeletionPending"

    case invalidSpec = "InvalidSpec"
    case notOwned = "NotOwned"
    case storageImmutable = "StorageImmutable"
  }
}

extension Step {
  /// Whether the operator may take the step now.
  var isExecutable: Bool { heldBackBy == nil && !isWaiting && !isRefused }
  var isRefused: Bool { action == .refuse }
  var isWaiting: Bool { action == .await }

  var verb: String {
    switch action {
    case .create: "create"
    case .change: "change"
    case .delete: "delete"
    case .restart: "restart"
    case .await: "wait for"
    case .refuse: "refuse"
    }
  }

  /// Such as `create Service log-0`.
  var title: String { "\(verb) \(object)" }
}

extension Step: CustomStringConvertible {
  var description: String {
    "\(title) (\(reason.rawValue): \(because))" + (heldBackBy.map { "; held back: \($0)" } ?? "")
  }
}
