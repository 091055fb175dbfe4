import CommitLog
import ProgLogAPI
import RPCServer
import Raft

/// What the messages of `proglog.admin.v1` ask for, checked.
extension JoinRequest {
  init(_ request: Proglog_Admin_V1_JoinRequest) throws(RPCStatus) {
    let role: Member.Role
    switch request.role {
    case .unspecified, .voter: role = .voter
    case .learner: role = .learner
    case .UNRECOGNIZED(let number):
      throw .invalidField("role", "\(number) is no role: use VOTER or LEARNER")
    }
    self.init(
      peer: try Peer(request.node), address: try AdminField.address(request.rpcAddr), role: role,
      clusterID: request.clusterID.isEmpty ? nil : try AdminField.clusterID(request.clusterID),
      wasMember: request.isMember)
  }
}

extension Peer {
  init(_ node: Proglog_Admin_V1_Node) throws(RPCStatus) {
    guard let incarnation = LogIncarnation(hexadecimal: node.incarnation) else {
      throw .invalidField(
        "node.incarnation",
        "\"\(node.incarnation)\" is no incarnation: it is the 32 hexadecimal digits that GetStatus shows")
    }
    self.init(id: try AdminField.name(node.id, "node.id"), incarnation: incarnation)
  }
}

extension ForceNewCluster {
  init(_ request: Proglog_Admin_V1_RecoverRequest) throws(RPCStatus) {
    let abandoned = try AdminField.clusterID(request.clusterID)
    let new =
      request.newClusterID.isEmpty
      ? ClusterID.random() : try AdminField.clusterID(request.newClusterID, "new_cluster_id")
    guard new != abandoned else {
      throw .invalidField(
        "new_cluster_id",
        "it is the cluster that is given up, whose nodes could then come back into this one; give another id, or none")
    }
    self.init(abandoned: abandoned, clusterID: new, lastIndex: LogIndex(request.lastIndex))
  }
}

/// The fields that several messages have.
enum AdminField {
  /// Of the longest DNS name in brackets, and a port.
  private static let maximumAddressBytes = NodeID.maximumBytes + 8

  static func name(_ text: String, _ field: String) throws(RPCStatus) -> NodeID {
    guard NodeName.isValid(text) else {
      throw .invalidField(field, "\"\(text.prefix(NodeID.maximumBytes))\" is no node name: use \(NodeName.rule)")
    }
    return NodeID(text)
  }

  static func clusterID(_ text: String, _ field: String = "cluster_id") throws(RPCStatus) -> String {
    guard ClusterID.isValid(text) else {
      throw .invalidField(
        field, "\"\(text.prefix(LogMetadata.maximumClusterIDBytes))\" is no cluster id: use \(ClusterID.rule)")
    }
    return text
  }

  static func address(_ text: String) throws(RPCStatus) -> String {
    guard text.utf8.count <= maximumAddressBytes, let address = HostPort(text), address.port != 0 else {
      throw .invalidField(
        "rpc_addr",
        "\"\(text.prefix(maximumAddressBytes))\" is no address: write HOST:PORT, an IPv6 host in brackets")
    }
    // What a node listens on is often that, and to others it is themselves.
    guard address.host != "0.0.0.0", address.host != "::" else {
      throw .invalidField(
        "rpc_addr",
        "\(text) is no address that others reach: start the node with --\(SettingKey.advertiseRPCAddress.rawValue)")
    }
    return address.description
  }
}

extension RPCStatus {
  fileprivate static func invalidField(_ field: String, _ problem: String) -> RPCStatus {
    RPCStatus(
      .invalidArgument, "\(field): \(problem)",
      details: [errorInfo(AdminReason.invalidField.rawValue, [AdminMetadata.field: field])])
  }
}
