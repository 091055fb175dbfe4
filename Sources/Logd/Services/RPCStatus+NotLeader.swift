import ProgLogAPI
import RPCServer

extension RPCStatus {
  /// Only the leader can do it.
  ///
  /// - Parameter leader: nil: this node knows of none; its address: where members and clients reach it.
  static func notLeader(_ leader: (id: String, address: String?)?) -> RPCStatus {
    guard let leader else {
      return RPCStatus(
        .failedPrecondition,
        "this node is not the leader and knows of none, as while one is being elected; ask another member, or again",
        details: [errorInfo(AdminReason.notLeader.rawValue)])
    }
    var metadata = [AdminMetadata.leaderID: leader.id]
    metadata[AdminMetadata.leaderAddress] = leader.address
    return RPCStatus(
      .failedPrecondition,
      "this node is not the leader; ask \(leader.id)\(leader.address.map { " at \($0)" } ?? "")",
      details: [errorInfo(AdminReason.notLeader.rawValue, metadata)])
  }
}
