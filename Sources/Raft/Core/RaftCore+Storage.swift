import CommitLog

/// Whether the log takes batches.
enum Room: Hashable, Sendable {
  case available
  /// It refused some: this node neither leads nor takes entries until there is room again.
  case missing(nextProbe: Instant)
}

/// Writes, and what waits for them.
extension RaftCore {
  mutating func saveHardState() {
    let state = HardState(term: term, vote: vote)
    guard state != submittedHardState else { return }
    submittedHardState = state
    actions.append(.save(state, durability.beginSave(state)))
  }

  mutating func written(_ write: WriteID) {
    durability.complete(write, lastIndex: log.lastIndex)
    log.flushed(through: durability.flushed.index)
    configurations.forget(before: durability.flushed.index)
    following.hasFlushed = true
  }

  /// Adds batches that continue the log.
  mutating func append(_ batches: [RecordBatch]) {
    guard let last = batches.last else { return }
    log.append(batches)
    actions.append(.append(batches, durability.beginAppend(through: last.index)))
    for batch in batches where batch.kind == .configuration {
      guard let configuration = Configuration(decoding: batch.payload) else {
        preconditionFailure("the configuration at \(batch.index) cannot be read; it was checked when it came")
      }
      configurations.append(.init(index: batch.index, configuration: configuration))
      configurationsChanged()
    }
  }

  /// Removes a conflicting tail (paper §5.3).
  mutating func truncate(from index: LogIndex, nextOffset: Offset) {
    precondition(index > commitIndex, "entry \(index) is committed (\(commitIndex)) and would be cut off (nats#7424)")
    log.truncate(from: index, nextOffset: nextOffset)
    actions.append(
      .truncate(from: index, durability.beginTruncation(from: index, forgets: !has(.staleCompletionCounts))))
    if configurations.truncate(from: index, reverts: !has(.configurationNotReverted)) { configurationsChanged() }
  }

  // MARK: A log that is full

  /// The log dropped what it could not write, truncations among it, and may have more than it synced. So nothing counts
  /// that is not flushed, and the log is made to agree once there is room.
  ///
  /// A leader hands over: it may not put anything else in the places of entries that its followers may have.
  mutating func storageRefused(endingAt end: LogEnd) {
    if let reset = durability.refuse(endingAt: end.nextIndex.preceding) { refusedReset = reset }
    if let first = log.unstable.first {
      log.truncate(from: first.index, nextOffset: first.baseOffset)
      if configurations.truncate(from: first.index) { configurationsChanged() }
    }
    following.matched = min(following.matched, log.lastIndex)
    // Term and vote were among the writes that are void.
    submittedHardState = durability.hardState
    room = .missing(nextProbe: now.instant + settings.electionTimeout)
    if role != .follower { becomeFollower(term: term, leader: nil) }
  }

  mutating func probeRoom() {
    room = .missing(nextProbe: now.instant + settings.electionTimeout)
    actions.append(.probeStorage)
  }

  mutating func roomReturned() {
    guard room != .available else { return }
    room = .available
    if let reset = refusedReset {
      refusedReset = nil
      actions.append(.reset(reset, durability.beginReset(to: reset)))
    } else {
      // Cuts nothing off when the log has nothing else.
      let end = log.end.nextIndex
      actions.append(.truncate(from: end, durability.beginTruncation(from: end)))
    }
    // Nothing came in meanwhile: if the leader is gone, too, somebody has to ask.
    if leader == nil {
      resetElectionTimer()
      hurryIfAlone()
    }
  }
}
