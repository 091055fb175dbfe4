import CommitLog
import DequeModule
import NIOCore

/// What this node proposed as a leader and is not committed yet, in log order: which of it a commit completes, and which a new
/// leader's log cuts off.
///
/// A value type without I/O. `Completion` is what the shell calls when a proposal's fate is known.
struct PendingProposals<Completion> {
  struct Proposal {
    var index: LogIndex
    var term: Term
    var baseOffset: Offset
    /// Encoded bytes.
    var bytes: Int
    /// Records in the batch.
    var records: Int
    var proposedAt: NIODeadline
    /// One for each of the batch's records, in their order; or one for a producer's own batch, at its first record.
    var completions: [Completion]
    /// Of retries of the batch.
    var retries: [Completion] = []
  }

  private var proposals: Deque<Proposal> = []
  /// The encoded bytes of all of them.
  private(set) var bytes = 0

  var isEmpty: Bool { proposals.isEmpty }
  var count: Int { proposals.count }

  mutating func append(_ proposal: Proposal) {
    if let last = proposals.last {
      precondition(
        proposal.index > last.index,
        "proposal \(proposal.index) does not follow \(last.index): a commit would complete the wrong one")
    }
    proposals.append(proposal)
    bytes += proposal.bytes
  }

  /// Takes out every proposal up to `index`: they are committed.
  mutating func takeCommitted(through index: LogIndex) -> [Proposal] {
    var committed: [Proposal] = []
    while let first = proposals.first, first.index <= index {
      committed.append(proposals.removeFirst())
      bytes -= first.bytes
    }
    return committed
  }

  /// Takes out every proposal from `index` on: their places in the log are another leader's, or nobody's.
  mutating func takeTruncated(from index: LogIndex) -> [Proposal] {
    var truncated: [Proposal] = []
    while let last = proposals.last, last.index >= index {
      truncated.append(proposals.removeLast())
      bytes -= last.bytes
    }
    return truncated.reversed()
  }

  /// Takes out all: whether they will be committed is for another leader to say.
  mutating func takeAll() -> [Proposal] {
    defer {
      proposals = []
      bytes = 0
    }
    return Array(proposals)
  }

  /// Lets a retry wait for the batch with that first offset. False when no such batch waits here.
  mutating func join(_ completion: Completion, at offset: Offset) -> Bool {
    // A retry is of one of the newest.
    guard let position = proposals.lastIndex(where: { $0.baseOffset == offset && $0.records > 0 }) else { return false }
    proposals[position].retries.append(completion)
    return true
  }
}
