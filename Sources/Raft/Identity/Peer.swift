package import CommitLog

/// The name of a node, unique in its cluster and the same for as long as the node is meant to be the same: `--node-name`.
package struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// What a name has at most, in bytes of UTF-8: DNS's limit.
  package static let maximumBytes = 253

  package let name: String

  package init(_ name: String) {
    self.name = name
  }

  package var description: String { name }

  package static func < (left: Self, right: Self) -> Bool { left.name < right.name }
}

/// One life of a node: its name and the incarnation of its data directory.
///
/// A known name on a fresh disk has forgotten its votes and what it acknowledged. It is another peer, which is none of the
/// configuration: its votes and acknowledgements count for nothing until it is added again (anchor: redpanda, etcd and NATS
/// all had a wiped member vote; nats-server#7589).
package struct Peer: Hashable, Sendable, CustomStringConvertible {
  package let id: NodeID
  package let incarnation: LogIncarnation

  package init(id: NodeID, incarnation: LogIncarnation) {
    self.id = id
    self.incarnation = incarnation
  }

  package var description: String { id.name }
}
