import Raft

/// Whom to be connected to, and what changes when the members do.
struct PeerDirectory: Hashable, Sendable {
  enum Change: Hashable, Sendable {
    /// A new member.
    case dial(Peer, address: String)
    /// A member that is somewhere else now.
    case redial(Peer, address: String)
    /// It is no member any more. What is on its way may arrive: its connections stay for a while.
    case retire(Peer)
    /// It is one again, before that while was over.
    case reinstate(Peer)
  }

  private struct Entry: Hashable, Sendable {
    var address: String
    var isRetiring = false
  }

  private var entries: [Peer: Entry] = [:]

  /// - Parameter own: this node, which is ignored: any life of it.
  mutating func update(_ members: [Member], own: NodeID) -> [Change] {
    let others = members.filter { $0.peer.id != own }
    var changes: [Change] = []
    for member in others {
      guard let entry = entries[member.peer] else {
        changes.append(.dial(member.peer, address: member.address))
        entries[member.peer] = Entry(address: member.address)
        continue
      }
      if entry.isRetiring { changes.append(.reinstate(member.peer)) }
      if entry.address != member.address { changes.append(.redial(member.peer, address: member.address)) }
      entries[member.peer] = Entry(address: member.address)
    }
    let present = Set(others.map(\.peer))
    for peer in entries.keys.sorted(by: { $0.id < $1.id }) where !present.contains(peer) {
      guard entries[peer]?.isRetiring == false else { continue }
      entries[peer]?.isRetiring = true
      changes.append(.retire(peer))
    }
    return changes
  }

  /// The while is over.
  ///
  /// - Returns: whether the peer is to be forgotten: it is still no member.
  mutating func endRetirement(of peer: Peer) -> Bool {
    guard entries[peer]?.isRetiring == true else { return false }
    entries[peer] = nil
    return true
  }
}
