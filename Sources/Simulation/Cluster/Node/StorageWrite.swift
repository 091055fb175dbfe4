package import CommitLog
package import Raft

/// What a core asks its disk for.
package enum StorageWrite: Sendable {
  case append([RecordBatch], WriteID)
  case truncate(from: LogIndex, WriteID)
  case reset(Snapshot, WriteID)
  case save(HardState, WriteID)

  package var id: WriteID {
    switch self {
    case .append(_, let id), .truncate(_, let id), .reset(_, let id), .save(_, let id): id
    }
  }

  /// Of batches.
  package var byteCount: Int {
    guard case .append(let batches, _) = self else { return 0 }
    return batches.reduce(0) { $0 + $1.byteCount }
  }
}
