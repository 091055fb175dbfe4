package import CommitLog

/// What a node must not forget (paper, figure 2): on disk before any answer that rests on it.
package struct HardState: Hashable, Sendable {
  package var term: Term
  /// The one candidate of this term that has this node's vote.
  package var vote: Peer?

  package init(term: Term = Term(0), vote: Peer? = nil) {
    self.term = term
    self.vote = vote
  }
}
