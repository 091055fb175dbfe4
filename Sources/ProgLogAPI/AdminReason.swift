/// `ErrorInfo.domain` of everything that our servers say.
package let errorDomain = "proglog.io"

/// `ErrorInfo.reason` of what the admin API refuses; docs/api.md says what to do about each.
package enum AdminReason: String, CaseIterable, Sendable {
  /// With `leader_id` and `leader_rpc_addr` in the metadata, where they are known.
  case notLeader = "NOT_LEADER"
  case changeInProgress = "CHANGE_IN_PROGRESS"
  case transferring = "TRANSFERRING"
  case unknownMember = "UNKNOWN_MEMBER"
  case alreadyMember = "ALREADY_MEMBER"
  case tooManyMembers = "TOO_MANY_MEMBERS"
  case notLearner = "NOT_LEARNER"
  case notVoter = "NOT_VOTER"
  /// With `missing`, a number of entries.
  case notCaughtUp = "NOT_CAUGHT_UP"
  case noQuorum = "NO_QUORUM"
  case lastVoter = "LAST_VOTER"
  case transferTimedOut = "TRANSFER_TIMED_OUT"
  case alreadyBootstrapped = "ALREADY_BOOTSTRAPPED"
  /// Whether the change was made is not known.
  case lostLeadership = "LOST_LEADERSHIP"
  /// The node was in another cluster.
  case wrongCluster = "WRONG_CLUSTER"
  /// The node is in none.
  case noCluster = "NO_CLUSTER"
  /// The node leads, or hears a leader, or may hear one yet: its cluster lives.
  case hasLeader = "HAS_LEADER"
  /// With `last_index`, the end of the node's log.
  case logMoved = "LOG_MOVED"
  /// The disk takes nothing.
  case noSpace = "NO_SPACE"
  /// With `field`, its name in the request.
  case invalidField = "INVALID_FIELD"
}

/// Names in `ErrorInfo.metadata`.
package enum AdminMetadata {
  package static let leaderID = "leader_id"
  package static let leaderAddress = "leader_rpc_addr"
  package static let id = "id"
  package static let incarnation = "incarnation"
  package static let missing = "missing"
  package static let active = "active"
  package static let needed = "needed"
  package static let clusterID = "cluster_id"
  package static let field = "field"
  package static let lastIndex = "last_index"
}
