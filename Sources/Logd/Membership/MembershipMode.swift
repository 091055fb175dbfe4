/// Who makes nodes members of the cluster.
package enum MembershipMode: String, CaseIterable, Sendable {
  /// The leader adds whoever it sees in gossip, and promotes it once it has caught up.
  case auto
  /// Nobody but an administrator; gossip only tells who is there.
  case managed
}
