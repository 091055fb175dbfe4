/// What must hold in every run.
package enum ClusterCheck: String, Sendable, CaseIterable {
  case electionSafety = "election safety"
  case logMatching = "log matching"
  case leaderCompleteness = "leader completeness"
  case checkQuorum = "a leader that no quorum answers steps down"
  case oneChange = "one membership change at a time, none before the first commit of a term"
  case configurationInForce = "the newest configuration of the log is in force"
  case handingOver = "nothing is proposed while leadership is handed over"
  case oneVote = "one vote a term"
  case durableAnswer = "answers rest on what is durable"
  case quorumCommit = "committed is on a quorum of disks"
  case commitMonotonic = "the commit index never moves back"
  case stateMachineSafety = "one entry at each committed index"
  case committedKept = "what is committed is never removed"
  case acknowledged = "acknowledged is readable"
  case exactlyOnce = "exactly once for idempotent producers"
  case denseOffsets = "dense offsets"
  case linearizableReads = "linearizable reads"
  case retention = "retention removes what is committed only"
  case bounds = "queues within their bounds"
  case answers = "every request has one answer"
  case liveness = "progress within a bound once a quorum is well"
  /// A `precondition` of the core ended the process, which another process saw.
  case corePrecondition = "invariants of the core"
}

/// One of them does not.
struct Violation: Error {
  let check: ClusterCheck
  let what: String

  init(_ check: ClusterCheck, _ what: String) {
    self.check = check
    self.what = what
  }
}
