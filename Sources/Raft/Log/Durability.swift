package import CommitLog
import DequeModule

/// Names a write that the shell was asked for. The shell carries writes out in their order.
package struct WriteID: Hashable, Comparable, Sendable {
  package let number: UInt64

  package init(number: UInt64) {
    self.number = number
  }

  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// An index up to which this node's log is on its disk. Only ``Durability`` makes this value: an acknowledgement needs it.
package struct FlushedIndex: Hashable, Sendable, Comparable {
  package let index: LogIndex

  fileprivate init(_ index: LogIndex) {
    self.index = index
  }

  package static func < (left: Self, right: Self) -> Bool { left.index < right.index }

  /// As a peer said, whose own core made it.
  package init(received index: LogIndex) {
    self.index = index
  }

  func limited(to index: LogIndex) -> FlushedIndex {
    FlushedIndex(min(self.index, index))
  }
}

/// A vote that is on this node's disk. Only ``Durability`` makes this value: an answer needs it (openraft ee460f37).
struct DurableVote: Hashable, Sendable {
  let term: Term
  let vote: Peer

  fileprivate init(term: Term, vote: Peer) {
    self.term = term
    self.vote = vote
  }
}

/// Which of the writes that were asked for are on the disk.
///
/// A completion says how far the *writes* got. Between a write and its completion the log may have been cut and written
/// anew, so what a completion stands for is kept here and cut with the log (openraft cecb5de8).
struct Durability: Sendable {
  private enum Write: Hashable {
    case log(through: LogIndex)
    case reset(Snapshot)
    case hardState(HardState)
  }

  private var nextWrite: UInt64 = 1
  private var outstanding: Deque<(id: WriteID, write: Write)> = []
  private(set) var flushed: FlushedIndex
  private(set) var hardState: HardState

  init(flushedThrough index: LogIndex, hardState: HardState) {
    flushed = FlushedIndex(index)
    self.hardState = hardState
  }

  /// The vote of this term, once it is on disk.
  var vote: DurableVote? {
    hardState.vote.map { DurableVote(term: hardState.term, vote: $0) }
  }

  private mutating func begin(_ write: Write) -> WriteID {
    defer { nextWrite += 1 }
    let id = WriteID(number: nextWrite)
    outstanding.append((id, write))
    return id
  }

  mutating func beginAppend(through index: LogIndex) -> WriteID { begin(.log(through: index)) }
  mutating func beginSave(_ state: HardState) -> WriteID { begin(.hardState(state)) }

  /// The log is being cut: what was written from `index` on will not be there.
  ///
  /// - Parameter forgets: false plants a bug.
  mutating func beginTruncation(from index: LogIndex, forgets: Bool = true) -> WriteID {
    if forgets { cut(from: index) } else { flushed = flushed.limited(to: index.preceding) }
    return begin(.log(through: index.preceding))
  }

  /// The log is being replaced by one that starts, empty, where the snapshot ends.
  mutating func beginReset(to snapshot: Snapshot) -> WriteID {
    cut(from: LogIndex(1))
    return begin(.reset(snapshot))
  }

  private mutating func cut(from index: LogIndex) {
    let limit = index.preceding
    flushed = flushed.limited(to: limit)
    for position in outstanding.indices {
      if case .log(let through) = outstanding[position].write {
        outstanding[position].write = .log(through: min(through, limit))
      }
    }
  }

  /// That write and all before it are on disk.
  ///
  /// - Parameter lastIndex: of the log; what was cut off counts for nothing.
  mutating func complete(_ id: WriteID, lastIndex: LogIndex) {
    precondition(id.number < nextWrite, "write \(id.number) was never asked for")
    while let first = outstanding.first, first.id <= id {
      outstanding.removeFirst()
      switch first.write {
      case .log(let through): flushed = max(flushed, FlushedIndex(min(through, lastIndex)))
      case .reset(let snapshot): flushed = max(flushed, FlushedIndex(min(snapshot.last.index, lastIndex)))
      case .hardState(let state): hardState = state
      }
    }
  }

  /// The log refused what was to be written and ends at `lastIndex`; every write that was asked for is void.
  ///
  /// - Returns: the newest replacement of the whole log among them.
  mutating func refuse(endingAt lastIndex: LogIndex) -> Snapshot? {
    precondition(
      flushed.index <= lastIndex, "the log refused index \(lastIndex.following), \(flushed.index) is flushed")
    defer { outstanding.removeAll() }
    return outstanding.reversed().lazy.compactMap { if case .reset(let snapshot) = $0.write { snapshot } else { nil } }
      .first
  }
}
