/// What a shell may ask.
extension GossipCore {
  /// All members as Serf has them, this one too, by name.
  package var memberViews: [MemberView] { serf.views }

  package func memberView(of name: MemberName) -> MemberView? { serf.view(of: name) }

  package var counters: GossipCounters {
    var counters = counts
    counters.flaps += serf.counters.flaps
    counters.malformed += serf.counters.malformed
    counters.overflows += serf.counters.overflows
    counters.repeated += serf.counters.repeated
    counters.droppedBroadcasts = broadcasts.dropped + serf.droppedBroadcasts
    return counters
  }

  /// 0 is well; see Lifeguard's local health.
  package var healthScore: Int { health.score }

  package var incarnation: Incarnation { own.incarnation }

  /// Bytes and messages that wait to be gossiped.
  package var queued: (bytes: Int, messages: Int) {
    (broadcasts.bytes + serf.queuedBytes, broadcasts.count + serf.queuedMessages)
  }

  package var hasLeft: Bool { departure == .left }

  /// What memberlist knows of another, for tests and metrics.
  package func state(of name: MemberName) -> MemberSummary.State? { members.record(of: name)?.state }

  package func incarnation(of name: MemberName) -> Incarnation? { members.record(of: name)?.incarnation }
}
