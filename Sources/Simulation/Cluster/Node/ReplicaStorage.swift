package import CommitLog
package import Raft

/// The disk of a simulated node: a log and a hard state, as they are after a crash now. What is asked for and not yet on
/// it is the node's ``DiskQueue``.
package protocol ReplicaStorage: Sendable {
  var restored: RaftCore.Restored { get }
  var start: LogEnd { get }
  var end: LogEnd { get }
  var hardState: HardState { get }
  /// What the batches before `start` left of producers.
  var producersAtStart: ProducerTable { get }

  func term(at index: LogIndex) -> Term?
  /// Batches from `index` on, one at least if it is there.
  func read(from index: LogIndex, maximumBytes: Int) -> [RecordBatch]
  /// Batches from the one with the record at `offset` on, `count` at most; nil before the start.
  func read(fromOffset offset: Offset, count: Int) -> [RecordBatch]?
  /// nil for a log that was never cut.
  func snapshot() -> Snapshot?

  /// Writes and syncs.
  mutating func carryOut(_ write: StorageWrite)
  /// The power goes while these are under way: a number of them is there, the last one in part.
  /// - Returns: how many are there whole, and whether one is there in part.
  mutating func crash(during writes: [StorageWrite], keeping seed: UInt64) -> (whole: Int, hasPart: Bool)
  /// Retention: the log starts at `index` from now on.
  mutating func removeEntries(before index: LogIndex)
}
