import Raft

extension PeerIdentity {
  /// What is wrong with a hello; nil: welcome.
  ///
  /// A node in no cluster takes any that names exactly this life of it: that is how it gets into one. Whoever dials has
  /// a configuration, and so a cluster: a hello without is refused by all.
  ///
  /// - Parameter courting: the cluster whose connections are open. Until this node knows its own, no other may come in
  ///   between, or entries of two might meet in one log.
  func refusal(of hello: Hello, courting: String?) -> HelloRefusal? {
    if hello.receiver.id != peer.id { return .otherNode }
    if hello.sender.id == peer.id { return .sameName }
    guard let theirs = hello.clusterID else { return .noCluster }
    if let ours = clusterID ?? courting, ours != theirs { return .otherCluster }
    return hello.receiver == peer ? nil : .otherIncarnation
  }
}

extension HelloRefusal {
  /// Nothing will change soon, most likely not before somebody does something about it.
  var isLasting: Bool {
    switch self {
    case .version, .noCluster, .otherCluster, .otherNode, .otherIncarnation, .sameName, .otherCertificate: true
    case .busy: false
    }
  }

  /// For an operator, said of the one who refused.
  var explanation: String {
    switch self {
    case .version: "it speaks another version"
    case .noCluster: "this node told it of no cluster"
    case .otherCluster:
      "it belongs to another cluster: the address is wrong, or one of the two was bootstrapped by mistake"
    case .otherNode: "another node has its address: correct the address, or the node's name"
    case .otherIncarnation:
      "its data directory is another than the member's: it has lost its log; remove the member and add it again"
    case .sameName: "it has this node's name: give each node a name of its own"
    case .busy: "it has too many connections"
    case .otherCertificate:
      "this node's certificate is for another name: issue one whose common name is the node's, by 'logctl certs issue'"
    }
  }
}
