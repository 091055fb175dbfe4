/// Times and bounds of a node.
package struct Settings: Hashable, Sendable {
  /// A follower that hears nothing for this to one and a half times this time asks for an election; a leader that a quorum does not answer
  /// in this time steps down. etcd's default; ten heartbeats.
  package var electionTimeout: Duration = .milliseconds(1000)
  package var heartbeatInterval: Duration = .milliseconds(100)
  /// How long a leader waits for something to send before it tells followers the commit index alone. What their readers wait
  /// more at the most; several times what a caller nearby takes between an answer and its next call.
  package var commitNoticeDelay: Duration = .milliseconds(1)
  /// Bytes of batches on their way to one follower and not yet acknowledged: what a slow one costs. At 100 MB/s, 80 ms.
  package var maximumInflightBytes = 8 << 20
  /// Of batches in one message, unless a single one is larger.
  package var maximumMessageBytes = 1 << 20
  /// Bytes of batches that are proposed and not committed; more are refused.
  package var maximumUncommittedBytes = 64 << 20
  /// Reads that wait for a round of heartbeats.
  package var maximumPendingReads = 16_384
  /// Entries that a learner may lack and be made a voter: at 10,000 entries a second, what it receives in 0.1 s.
  package var maximumPromotionLag: UInt64 = 1024

  #if PLANTED_BUGS
  package var plantedBugs: Set<PlantedBug> = []
  #endif

  package init() {}

  /// After so long without an acknowledgement, what is on its way to a follower is taken for lost. Connections that break
  /// are told at once; this is for what is lost without it.
  var retransmissionTimeout: Duration { electionTimeout * 2 }
}
