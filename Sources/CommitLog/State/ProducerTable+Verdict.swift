extension ProducerTable {
  /// What a batch is, by what its producer sent before. Decided by a leader that knows all of its log.
  package enum Verdict: Hashable, Sendable {
    /// It goes on where the producer's last batch ended, or begins an epoch.
    case next
    /// A retry of a batch that is in the log, its first record there.
    case duplicate(baseOffset: Offset)
    /// A later epoch of the same producer was here.
    case fenced(epoch: UInt16)
    /// Of before the batches that are remembered, or not the batch that had this sequence.
    case tooOld(next: UInt64)
    /// Batches before it are missing: on their way, refused, or forgotten with their producer.
    case gap(expected: UInt64)
  }

  package func verdict(on producer: Producer, count: UInt32) -> Verdict {
    guard let state = producers[producer.id], producer.epoch >= state.epoch else {
      if let state = producers[producer.id] { return .fenced(epoch: state.epoch) }
      return producer.sequence == 0 ? .next : .gap(expected: 0)
    }
    if producer.epoch > state.epoch { return producer.sequence == 0 ? .next : .gap(expected: 0) }
    if let known = state.batches.first(where: { $0.sequence == producer.sequence && $0.count == count }) {
      return .duplicate(baseOffset: known.baseOffset)
    }
    let next = state.batches.last.map { $0.sequence + UInt64($0.count) } ?? 0
    if producer.sequence == next { return .next }
    return producer.sequence < next ? .tooOld(next: next) : .gap(expected: next)
  }
}
