import KubernetesClient
import ProgLogClient

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
    /// Deletes that very StatefulSet and leaves its pods running, for settings that it cannot change.
    case orphan(uid: String)
    /// Deletes a pod, which the StatefulSet controller then makes anew.
    case restart(onlyIf: DeletePreconditions)
    /// Asks a member of the cluster for a change of it.
    case administer(MembershipChange)
    /// Keys and certificates, which the shell makes, for keys are random.
    case certify(CertificateWork)
    /// Others have to do something first: the StatefulSet controller, a node, a load balancer.
    case await
    /// A person has to do something first.
    case refuse
  }

  /// What is asked of a member by the admin API; `at` is the pod that is asked.
  enum MembershipChange: Sendable, Hashable {
    case bootstrap(at: String, clusterID: String)
    case add(NodeIdentity, address: String, at: String)
    case promote(String, at: String)
    case remove(String, at: String)
    /// - Parameter to: nil: whoever is the most caught up.
    case transferLeadership(to: String?, at: String)
    case recover(at: String, RecoveryClaim)
  }

  /// What a quorum's loss was decided on: the node refuses when it finds anything else.
  struct RecoveryClaim: Sendable, Hashable {
    /// The cluster that is given up, and the one that goes on.
    var clusterID: String
    var newClusterID: String
    /// The last entry of the survivor's log.
    var lastIndex: UInt64
  }

  /// Goes into logs, events, conditions and status as it is.
  enum Reason: String, Sendable {
    case missing = "Missing"
    case specChanged = "SpecChanged"
    case drifted = "Drifted"
    case surplus = "Surplus"
    case retentionChanged = "RetentionChanged"
    case templateChanged = "TemplateChanged"
    case notReady = "NotReady"
    case storageGrown = "StorageGrown"
    case scalingUp = "ScalingUp"
    case scalingDown = "ScalingDown"
    case hibernating = "Hibernating"
    case waking = "Waking"
    case firstStart = "FirstStart"
    case memberMissing = "MemberMissing"
    case memberCaughtUp = "MemberCaughtUp"
    case memberWiped = "MemberWiped"
    case memberSurplus = "MemberSurplus"
    case leaderMustMove = "LeaderMustMove"
    case recovering = "Recovering"
    case certificateMissing = "CertificateMissing"
    case certificateExpiring = "CertificateExpiring"
    case certificateNamesChanged = "CertificateNamesChanged"
    case certificateAuthorityChanged = "CertificateAuthorityChanged"
    case authorityRoll = "AuthorityRoll"
    case userRemoved = "UserRemoved"

    case templatePending = "TemplatePending"
    case podNotReady = "PodNotReady"
    case addressPending = "AddressPending"
    case deletionPending = "DeletionPending"
    case memberSilent = "MemberSilent"
    case memberCatchingUp = "MemberCatchingUp"
    case leaderMissing = "LeaderMissing"
    case changeInFlight = "ChangeInFlight"
    case trustSpreading = "TrustSpreading"
    case secretMissing = "SecretMissing"

    case invalidSpec = "InvalidSpec"
    case notOwned = "NotOwned"
    case storageImmutable = "StorageImmutable"
    case tlsModeImmutable = "TLSModeImmutable"
    case certificateInvalid = "CertificateInvalid"
    case clusterLost = "ClusterLost"
    case clustersDiffer = "ClustersDiffer"
    case quorumLost = "QuorumLost"
    case unknownMember = "UnknownMember"
    case accessListMissing = "AccessListMissing"
    case accessListInvalid = "AccessListInvalid"
    case staleClaims = "StaleClaims"
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
    case .orphan: "replace"
    case .restart: "restart"
    case .administer(let change): change.verb
    case .certify(let work): work.verb
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

extension Step.MembershipChange {
  var verb: String {
    switch self {
    case .bootstrap: "bootstrap the cluster on"
    case .add: "add as a learner"
    case .promote: "make a voter of"
    case .remove: "remove from the cluster"
    case .transferLeadership: "move leadership off"
    case .recover: "go on alone with"
    }
  }
}
