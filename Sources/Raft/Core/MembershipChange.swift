/// One member at a time (thesis §4.1).
package enum MembershipChange: Hashable, Sendable {
  case addLearner(Peer, address: String)
  case promote(NodeID)
  /// A voter that becomes a learner again.
  case demote(NodeID)
  case remove(NodeID)
  case setAddress(NodeID, String)
}
