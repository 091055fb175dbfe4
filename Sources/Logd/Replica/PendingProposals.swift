import CommitLog
import DequeModule

/// The proposals that were handed to storage and are not durable yet, in log order: which of them a flush completes,
/// and which a refused write fails.
///
/// A value type without I/O. `Completion` is what the shell calls when a proposal's fate is known.
struct PendingProposals<Completion> {
  struct Proposal {
    var index: LogIndex
    var baseOffset: Offset
    /// Encoded bytes, counted against the bound.
    var bytes: Int
    /// Records in the batch.
    var records: Int
    /// One for each of the batch's records, in their order; or one for a producer's own batch, at its first record.
    var completions: [Completion]
  }

  private var proposals: Deque<Proposal> = []
  /// The encoded bytes of all of them.
  private(set) var bytes = 0

  var isEmpty: Bool { proposals.isEmpty }
  var count: Int { proposals.count }

  mutating func append(_ proposal: Proposal) {
    if let last = proposals.last {
      precondition(
        proposal.index == last.index.advanced(by: 1),
        "proposal \(proposal.index) does not follow \(last.index): a flush would complete the wrong one")
    }
    proposals.append(proposal)
    bytes += proposal.bytes
  }

  /// Takes out every proposal before `index`: they are durable.
  mutating func takeFlushed(before index: LogIndex) -> [Proposal] {
    var flushed: [Proposal] = []
    while let first = proposals.first, first.index < index {
      flushed.append(proposals.removeFirst())
      bytes -= first.bytes
    }
    return flushed
  }

  /// Takes out every proposal from `index` on: they were not written.
  mutating func takeRefused(from index: LogIndex) -> [Proposal] {
    var refused: [Proposal] = []
    while let last = proposals.last, last.index >= index {
      refused.append(proposals.removeLast())
      bytes -= last.bytes
    }
    return refused.reversed()
  }
}
