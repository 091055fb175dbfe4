import Raft

/// What the one who dials says first.
struct Hello: Hashable, Sendable {
  /// nil: it is in no cluster.
  var clusterID: String?
  var sender: Peer
  /// Where others reach the sender: to be read by people, nothing is decided by it.
  var address: String
  /// Whom it wants to reach.
  var receiver: Peer
  var lane: PeerLane
}

/// What a hello is answered with.
struct HelloAnswer: Hashable, Sendable {
  /// nil: welcome.
  var refusal: HelloRefusal?
  var clusterID: String?
  /// Who answers.
  var peer: Peer
}

/// Why a hello is refused.
enum HelloRefusal: UInt8, CaseIterable, Sendable {
  /// The greeting is of a version that is not spoken here.
  case version = 1
  /// The sender is in no cluster.
  case noCluster
  case otherCluster
  /// Another node has this address now.
  case otherNode
  /// This is the node by name, but its data directory is another: it has lost what it had and is not that member.
  case otherIncarnation
  /// The sender has this node's name: it is this node, or its twin.
  case sameName
  /// Too many connections.
  case busy
  /// The sender's certificate is that of another node.
  case otherCertificate

  /// For metrics.
  var name: String {
    switch self {
    case .version: "version"
    case .noCluster: "no_cluster"
    case .otherCluster: "other_cluster"
    case .otherNode: "other_node"
    case .otherIncarnation: "other_incarnation"
    case .sameName: "same_name"
    case .busy: "busy"
    case .otherCertificate: "other_certificate"
    }
  }
}

/// A greeting, or one of a version that is not known, of which no more can be said.
enum Greeting<Contents: Hashable & Sendable>: Hashable, Sendable {
  case known(Contents)
  case otherVersion(UInt8)
}
