/// How often what is rare happened, so that a run that met nothing is not taken for one that withstood it.
package enum CoveragePoint: Int, CaseIterable, Sendable {
  // Faults.
  case crash, crashOfAll, restart, lostWrites, tornAppend, pause, resume, wipe, slowDisk, hungDisk, fullDisk
  case symmetricPartition, oneWayPartition, bridge, isolation, lossBurst, disconnection, clockJump, retention
  case minorityDown
  case lost, doubled, overtaken, brokenInFlight
  // Paths of the core.
  case bootstrap, election, preVoteRefused, voteRefused, checkQuorumStepDown, truncation, rejection, hintSkips,
    staleTerm
  case snapshotSent, snapshotInstalled, fetch, emptyFetch, refusedWrite, probedStorage, leaderRefusedWrite
  case configurationReverted, learnerAdded, promoted, demoted, removed, leaderRemovedItself, changeRefused
  case changeInProgressRefused, notCaughtUpRefused, noQuorumRefused
  case transferAsked, transferDone, transferTimedOut, refusedDuringTransfer, overloaded, notLeader
  case readServed, forwardedReadServed, readRefused, commitAheadOfLog, pipelined
  // Clients.
  case retriedProduce, deduplicated, outOfOrderRefused, epochRaised, consumed, consumedOutOfRange

  /// `crashOfAll` → `crash of all`.
  package var label: String {
    "\(self)".reduce(into: "") { text, character in
      text += character.isUppercase ? " " + character.lowercased() : String(character)
    }
  }
}

/// Counts by ``CoveragePoint``.
package struct Coverage: Sendable, Equatable {
  package private(set) var counts = [Int](repeating: 0, count: CoveragePoint.allCases.count)

  package init() {}

  package subscript(point: CoveragePoint) -> Int { counts[point.rawValue] }

  mutating func hit(_ point: CoveragePoint) { counts[point.rawValue] += 1 }

  package static func += (left: inout Coverage, right: Coverage) {
    for position in left.counts.indices { left.counts[position] += right.counts[position] }
  }

  package var missed: [CoveragePoint] { CoveragePoint.allCases.filter { self[$0] == 0 } }
}
