package import CommitLog

/// Why a record was not appended. Unless a case says otherwise, nothing of it is in the log, nor will be.
package enum ProduceError: Error, Sendable {
  case recordTooLarge(bytes: Int, maximum: Int)
  case batchTooLarge(bytes: Int, maximum: Int)
  /// What a producer sent as a batch is none, or none that producers may send; the text says why.
  case invalidBatch(String)
  /// More bytes wait to be committed than the node may hold.
  case overloaded(queuedBytes: Int)
  /// The log could not take it: no space left, most of all.
  case refused(LogError)
  /// Another node leads, or none.
  case notLeader(LeaderHint?)
  /// Leadership is on its way to another node.
  case transferring(to: LeaderHint)
  /// The node led no more before the record was committed: it may be in the log, or come into it.
  case leadershipLost
  /// What the producer sent before is not known yet.
  case notReady
  /// A later epoch of the same producer was here.
  case producerFenced(epoch: UInt16)
  /// The producer's sequence is of before what is remembered, and what became of that batch is not known any more.
  case sequenceTooOld(sequence: UInt64, next: UInt64)
  /// Batches of the producer before this one are missing.
  case sequenceGap(sequence: UInt64, expected: UInt64)
  case shuttingDown
}

extension ProduceError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .recordTooLarge(let bytes, let maximum):
      "the record has \(bytes) bytes, the limit is \(maximum) (\(SettingKey.maximumRecordBytes.rawValue))"
    case .batchTooLarge(let bytes, let maximum):
      "the batch has \(bytes) bytes, the limit is \(maximum) (\(SettingKey.maximumBatchBytes.rawValue)); send several"
    case .invalidBatch(let what): "the batch cannot be taken: \(what)"
    case .overloaded(let queuedBytes):
      "\(queuedBytes) bytes wait to be committed already; try again later"
    case .refused(let error): "the log refused the record: \(error)"
    case .notLeader(nil): "this node does not lead and knows of no leader; try again, or at another node"
    case .notLeader(let leader?): "this node does not lead: send it to \(leader)"
    case .transferring(let leader): "leadership is being handed to \(leader): send it there"
    case .leadershipLost:
      "the node led no more before the record was committed: it may be in the log or not; send it again at the leader, with "
        + "the same producer and sequence if it has one"
    case .notReady: "the node does not know yet what its producers sent before; try again"
    case .producerFenced(let epoch): "another producer goes on with this id in epoch \(epoch); this one is to stop"
    case .sequenceTooOld(let sequence, let next):
      "sequence \(sequence) is older than what is remembered of this producer, whose next is \(next)"
    case .sequenceGap(let sequence, let expected):
      "sequence \(sequence) does not follow what is here of this producer, whose next is \(expected): send what is missing "
        + "first, or begin another epoch"
    case .shuttingDown: "the server is shutting down"
    }
  }
}

extension ProduceError {
  /// Who can help instead.
  var leader: LeaderHint? {
    switch self {
    case .notLeader(let leader): leader
    case .transferring(let leader): leader
    default: nil
    }
  }
}

extension LeaderHint: CustomStringConvertible {
  package var description: String { address.map { "\(id) at \($0)" } ?? id }
}
