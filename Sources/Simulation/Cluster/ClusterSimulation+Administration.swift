import Raft

/// The administrator at work.
extension ClusterSimulation {
  func administrate() throws(Violation) {
    heap.push(.administratorWakes, at: now + .milliseconds(100) + dice.below(.milliseconds(300)))
    // With nodes down for good nobody changes who is a member.
    if case .minorityDown = phase { return }
    administrator.giveUpLate(at: now)
    guard administrator.pending == nil else { return }
    if plan.bootstraps, oracle.committedIndex == 0 { return try bootstrap() }
    let leaders = nodes.filter { $0.isLeader && $0.isResponsive }
    guard let leader = dice.pick(leaders), let configuration = leader.configuration?.configuration,
      let change = dice.pick(administrator.differences(configuration, nodes))
    else { return }
    let request = makeRequest()
    administrator.began(change, request, at: now)
    try step(leader, .change(change, RequestID(request)))
  }

  /// An explicit act, done on one node only.
  private func bootstrap() throws(Violation) {
    let node = nodes[0]
    guard node.isResponsive, node.configuration == nil else { return }
    coverage.hit(.bootstrap)
    try step(node, .bootstrap(clusterID: "simulated", address: node.address, RequestID(makeRequest())))
  }
}
