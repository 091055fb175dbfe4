import Gossip

/// What seeds are made of.
enum GossipSamples {
  static let member = MemberName("n1")
  static let address = GossipAddress(bytes: [127, 0, 0, 1], port: 7946)

  static func keyring() throws -> Keyring { try Keyring([try GossipKey(Array(repeating: 65, count: 16))]) }

  static let memberlistFields = [
    "SeqNo", "Node", "SourceAddr", "SourcePort", "SourceNode", "Target", "Port", "Nack", "Payload", "Incarnation",
    "From",
    "Addr", "Meta", "Vsn", "Name", "State", "Nodes", "UserStateLen", "Join", "UserMsgLen", "Error", "Algo", "Buf",
  ]
  static let serfFields = [
    "LTime", "Node", "Prune", "Name", "Payload", "CC", "ID", "Addr", "Port", "SourceNode", "Filters", "Flags",
    "RelayFactor", "Timeout", "From", "StatusLTimes", "LeftMembers", "EventLTime", "Events", "QueryLTime",
  ]
}
