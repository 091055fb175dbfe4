import KubernetesClient
import ProgLogClient

/// One server, as the status lists it.
struct Member: Sendable, Hashable {
  var name: String
  var isReady: Bool
  /// `host:port` for gRPC and for the JSON API; nil while there is none.
  var address: String?
  var httpAddress: String?
  /// Nil: it is no member of the cluster, or nobody could be asked.
  var role: ClusterMember.Role?
  var isLeader = false
  var incarnation: String?
  var matchIndex: UInt64?
  var commitIndex: UInt64?
  var lag: UInt64?

  init(_ ordinal: Int, _ situation: Situation) {
    name = situation.podName(ordinal)
    isReady = situation.pod(ordinal)?.isReady ?? false
    let builder = situation.builder
    if builder.spec.access.common.type == .clusterIP {
      let host = "\(Names.podService(builder.name, ordinal)).\(builder.identity.namespace).svc"
      (address, httpAddress) = ("\(host):\(Port.rpc.number)", "\(host):\(Port.http.number)")
    }
    if let external = builder.addresses[name] { (address, httpAddress) = (external.rpc, external.http) }
    let cluster = situation.cluster
    if let member = cluster.member(name) {
      role = member.role
      incarnation = member.identity.incarnation
      isLeader = cluster.leaderPod == name
      matchIndex = isLeader ? cluster.leader?.flushedIndex : member.progress?.matchIndex
      lag = isLeader ? 0 : member.progress?.lag
    }
    commitIndex = cluster.reports[name]?.commitIndex
  }

  /// - Parameter previous: what was known of it before, for what nobody can be asked about now.
  func status(previous: JSONValue?, isClusterKnown: Bool) -> JSONValue {
    var status: JSONValue = ["name": .string(name), "ready": .bool(isReady)]
    status["address"] = address.map { .string($0) }
    status["httpAddress"] = httpAddress.map { .string($0) }
    guard isClusterKnown else {
      // Who the members are is not forgotten because they do not answer.
      for field in ["role", "incarnation"] { status[field] = previous?[field] }
      return status
    }
    status["role"] = role.map { .string($0.rawValue) }
    status["incarnation"] = incarnation.map { .string($0) }
    if isLeader { status["leader"] = true }
    for (field, index) in [("matchIndex", matchIndex), ("commitIndex", commitIndex), ("lag", lag)] {
      status[field] = index.map { .integer(Int64(clamping: $0)) }
    }
    return status
  }

  /// Fields that change with every record. They are told whenever something else is, and never for their own sake: a converged
  /// log would be written about for ever.
  static let volatileFields = ["matchIndex", "commitIndex", "lag"]
}
