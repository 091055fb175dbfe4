import CommitLog
import Raft

/// What a node says of itself in gossip, as Serf's tags. An agent of Serf that is no node of ours has none of them, and is no
/// member of any log.
struct MemberTags: Hashable, Sendable {
  private enum Key {
    static let id = "id"
    static let address = "rpc_addr"
    static let role = "role"
    static let life = "life"
    static let cluster = "cluster"
    static let member = "member"
  }

  /// What the node asks for by being there.
  var request: JoinRequest

  init(_ request: JoinRequest) { self.request = request }

  private static func name(_ role: Member.Role) -> String {
    switch role {
    case .voter: "voter"
    case .learner: "learner"
    }
  }

  /// `role` is what the node wants to be, and not whether it leads: that changes too often, and GetServers tells.
  var encoded: [String: String] {
    var tags = [
      Key.id: request.peer.id.name, Key.address: request.address, Key.role: Self.name(request.role),
      Key.life: request.peer.incarnation.hexadecimal,
    ]
    tags[Key.cluster] = request.clusterID
    if request.wasMember { tags[Key.member] = "true" }
    return tags
  }

  /// nil for tags that are none of a node of ours, or of one that would not be let in by the admin API either.
  init?(_ tags: [String: String]) {
    guard let name = tags[Key.id], NodeName.isValid(name),
      let life = tags[Key.life].flatMap(LogIncarnation.init(hexadecimal:)),
      let address = tags[Key.address], HostPort(address).map({ $0.port != 0 }) == true,
      let role = [Member.Role.voter, .learner].first(where: { Self.name($0) == tags[Key.role] })
    else { return nil }
    if let cluster = tags[Key.cluster], !ClusterID.isValid(cluster) { return nil }
    request = JoinRequest(
      peer: Peer(id: NodeID(name), incarnation: life), address: address, role: role, clusterID: tags[Key.cluster],
      wasMember: tags[Key.member] == "true")
  }
}
