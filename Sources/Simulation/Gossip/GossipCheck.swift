/// What must hold in every run of the gossip.
package enum GossipCheck: String, Sendable, CaseIterable {
  case incarnations = "an incarnation never falls, and is one that its member gave itself"
  case resurrection = "who is gone comes back by its own word only"
  case leave = "a leave is never reported as a failure"
  case exchange = "an exchange of states declares nobody dead"
  case names = "a name stays with its member"
  case falseFailure = "lost packets alone make nobody fail"
  case detection = "a crash is found in time"
  case convergence = "after everything healed, all agree in time"
  case quiet = "nothing is said for ever"
}

/// A run in which something did not hold.
package struct GossipFailure: Error, Sendable, CustomStringConvertible {
  package let seed: UInt64
  package let nodes: Int
  package let check: GossipCheck
  package let what: String
  package let time: VirtualTime

  package var description: String {
    "seed \(seed) at \(time), \(nodes) nodes: \(check.rawValue): \(what)"
  }
}
