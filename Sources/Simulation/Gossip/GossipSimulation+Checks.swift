internal import Gossip

extension GossipSimulation {
  /// Checks what a step changed.
  mutating func check(
    _ index: Int, after event: GossipEvent, before: GossipCore?, _ actions: [GossipAction]
  ) throws(GossipFailure) {
    let highest = nodes[index].core.incarnation
    if highest < nodes[index].highestIncarnation, nodes[index].life == 1 {
      throw failure(.incarnations, "n\(index) is \(highest) after \(nodes[index].highestIncarnation)")
    }
    nodes[index].highestIncarnation = max(nodes[index].highestIncarnation, highest)
    for other in mentioned(in: event) { try checkView(of: other, by: index) }
    for case .member(let change) in actions {
      guard let other = GossipNode.index(of: change.member.name) else { continue }
      try checkView(of: other, by: index)
      guard change.kind == .failed else { continue }
      if let before, before.state(of: change.member.name) != .suspect {
        throw failure(.exchange, "n\(index) takes n\(other) for dead")
      }
      try checkFailed(other, by: index)
    }
  }

  private func mentioned(in event: GossipEvent) -> [Int] {
    switch event {
    case .packet(let messages, _):
      messages.compactMap { message in
        switch message {
        case .alive(let alive): GossipNode.index(of: alive.member)
        case .suspect(let suspicion): GossipNode.index(of: suspicion.member)
        case .dead(let death): GossipNode.index(of: death.member)
        default: nil
        }
      }
    case .stateOffered(let state, _): state.members.compactMap { GossipNode.index(of: $0.member) }
    case .exchanged(_, let state): state?.members.compactMap { GossipNode.index(of: $0.member) } ?? []
    default: []
    }
  }

  private mutating func checkView(of other: Int, by index: Int) throws(GossipFailure) {
    guard other < nodes.count else { return }
    let name = GossipNode.name(other)
    let core = nodes[index].core
    guard let state = core.state(of: name), let incarnation = core.incarnation(of: name) else {
      nodes[index].views[other] = nil
      return
    }
    if nodes[other].isUp, let view = core.memberView(of: name), view.address != GossipNode.address(other) {
      throw failure(.names, "n\(index) has n\(other) at \(view.address)")
    }
    if incarnation > nodes[other].highestIncarnation {
      throw failure(.incarnations, "n\(index) has n\(other) at \(incarnation) of \(nodes[other].highestIncarnation)")
    }
    if let old = nodes[index].views[other], !old.mayBeForgotten(at: now, plan.settings) {
      if incarnation < old.incarnation {
        throw failure(.incarnations, "n\(index) has n\(other) at \(incarnation) after \(old.incarnation)")
      }
      let wasGone = old.state == .dead || old.state == .left
      if wasGone, state == .alive || state == .suspect, incarnation <= old.incarnation {
        throw failure(.resurrection, "n\(index) has n\(other) \(state) at \(incarnation), where it was \(old.state)")
      }
    }
    if state == .dead, let left = nodes[other].leftAt, isCalm(since: left) {
      throw failure(.leave, "n\(index) has n\(other) dead, which left")
    }
    let isSame = nodes[index].views[other]?.state == state
    nodes[index].views[other] = GossipNode.View(
      incarnation: incarnation, state: state, since: isSame ? nodes[index].views[other]?.since ?? now : now)
  }

  /// Whether nothing was wrong with any member since that time, nor shortly before: memberlist forgets who is gone
  /// after 30 s, and a member that slept longer brings it back for the time of a suspicion.
  private func isCalm(since time: VirtualTime) -> Bool {
    nodes.allSatisfy { $0.disturbedUntil < time || !$0.isUp }
  }

  private mutating func checkFailed(_ other: Int, by index: Int) throws(GossipFailure) {
    guard other < nodes.count else { return }
    say("n\(index) reports that n\(other) failed")
    if let left = nodes[other].leftAt, isCalm(since: left) {
      throw failure(.leave, "n\(index) reports that n\(other) failed, which left at \(left)")
    }
    guard nodes[other].process == .running else { return }
    measures.falsePositives += 1
    guard nodes[other].disturbedUntil < now else { return }
    measures.falsePositivesOfHealthy += 1
    let isHealthy = nodes[index].disturbedUntil < now
    if isHealthy { measures.healthyFalsePositives += 1 }
    // Two or three have few ways around lost packets, and few times to say so; and above a tenth it happens now and
    // then.
    let running = nodes.count { $0.process == .running }
    if isHealthy, plan.isLossOnly, running > 3, plan.lossPerMille <= 100 {
      throw failure(.falseFailure, "n\(index) reports that n\(other) failed")
    }
  }

  /// Notes who has found a crash.
  mutating func report(_ event: MemberEvent, by index: Int) {
    mix("\(index) \(event.kind) \(event.member.name) \(now.nanoseconds)")
    say("n\(index): \(event.member.name) \(event.kind.rawValue)")
    guard event.kind == .failed, let other = GossipNode.index(of: event.member.name), other < nodes.count else {
      return
    }
    guard let crashed = nodes[other].crashedAt, reporters[other] != nil else { return }
    let seconds = Double(now.nanoseconds - crashed.nanoseconds) / 1e9
    let observers = nodes.filter { $0.isUp }.map(\.index)
    if reporters[other]?.isEmpty ?? false { firstDetected(other, after: seconds, observers: observers.count) }
    reporters[other]?.insert(index)
    if let reported = reporters[other], observers.allSatisfy(reported.contains) {
      measures.fullDetections.append(seconds)
      reporters[other] = nil
    }
  }

  /// With three to accuse it, the least time of a suspicion decides, not the longest.
  private mutating func firstDetected(_ other: Int, after seconds: Double, observers: Int) {
    measures.firstDetections.append(seconds)
    guard plan.isLossOnly, observers >= 4, seconds > Self.detectionBound else { return }
    lateDetection = "n\(other) after \(seconds) s by \(observers)"
  }

  /// Below the 24 s that a suspicion lasts which nobody confirms, for up to ten members.
  private static let detectionBound: Double = 20

  private mutating func mix(_ text: String) {
    for byte in text.utf8 { measures.fingerprint = (measures.fingerprint ^ UInt64(byte)) &* 0x0100_0000_01B3 }
  }

  // MARK: In the end

  /// Where two do not agree; nil when all who are up know of each other, and of nobody else as alive.
  func disagreement() -> String? {
    for node in nodes where node.process == .leaving { return "n\(node.index) has not left yet" }
    for node in nodes where node.process == .running {
      for other in nodes where other.index != node.index {
        let status = node.core.memberView(of: GossipNode.name(other.index))?.status
        if other.process == .running {
          if status != .alive { return "n\(node.index) has n\(other.index) \(status.map(\.rawValue) ?? "unknown")" }
        } else if status == .alive || status == .leaving {
          return "n\(node.index) has n\(other.index) \(status?.rawValue ?? ""), which is \(other.process)"
        }
      }
    }
    return nil
  }

  func checkQuiet() throws(GossipFailure) {
    if let lateDetection { throw failure(.detection, lateDetection) }
    let running = nodes.filter { $0.process == .running }
    // One that is alone has nobody to tell.
    for node in running where running.count > 1 {
      let queued = node.core.queued
      if queued.messages > 0 { throw failure(.quiet, "n\(node.index) has \(queued.messages) messages to tell") }
    }
    // Those that were found late are in the measures; those that nobody found are not.
    for node in nodes {
      guard let crashed = node.crashedAt, plan.isLossOnly, let reported = reporters[node.index], reported.isEmpty else {
        continue
      }
      let known = nodes.contains { $0.isUp && $0.views[node.index] != nil }
      if known { throw failure(.detection, "nobody reports n\(node.index), which crashed at \(crashed)") }
    }
  }
}
