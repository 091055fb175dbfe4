import Foundation
import TestSupport
import Testing

/// Clusters of real processes, one at a time: each has several servers and their clients.
@Suite(.serialized) struct ReplicationTests {
  /// `make cluster-faults ROUNDS=100` runs more of each, and asks for more.
  static let rounds = ProcessInfo.processInfo.environment["PROGLOG_CLUSTER_ROUNDS"].flatMap(Int.init)
  /// Another one in each big run; a failure prints it.
  static let seed =
    ProcessInfo.processInfo.environment["PROGLOG_CLUSTER_SEED"].flatMap(UInt64.init)
    ?? (rounds == nil ? 1 : UInt64.random(in: 0...UInt64(UInt32.max)))
  /// Then another cluster is begun: each check reads all of the log, and it grows with every round.
  static let roundsOfOneCluster = 12
}
