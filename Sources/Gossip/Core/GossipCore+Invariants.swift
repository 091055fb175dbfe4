/// What must hold after every step, in production too: a node that finds itself wrong stops before others believe it.
extension GossipCore {
  mutating func checkAll() {
    checkBounds()
    precondition(deadline >= now, "what was due at \(deadline.nanoseconds) was not done")
    guard hasChangedMembers else { return }
    hasChangedMembers = false
    members.check()
    precondition(
      members.count <= max(settings.maximumMembers, 1), "\(members.count) of \(settings.maximumMembers) members")
    let own = own
    precondition(
      own.state == (departure.hasLeft ? .left : .alive), "this node takes itself for \(own.state) while \(departure)")
    for record in members.records {
      guard let timer = record.suspicion else { continue }
      precondition(
        earliestSuspicion.map { $0 <= timer.deadline } ?? false, "the suspicion of \(record.name) ends and nobody wakes"
      )
    }
  }

  private func checkBounds() {
    precondition(broadcasts.bytes <= settings.maximumQueueBytes, "\(broadcasts.bytes) bytes wait to be gossiped")
    precondition((0..<max(settings.maximumHealthScore, 1)).contains(health.score), "a health of \(health.score)")
    if let probe {
      precondition(probe.nacks <= probe.expectedNacks, "a probe has \(probe.nacks) of \(probe.expectedNacks) nacks")
      precondition(probe.name != name, "a node probes itself")
    }
    serf.check()
  }
}
