extension LogState {
  /// Notes on the disk that the log is to be replaced. When that is refused, as by a full disk, the log is as it was.
  mutating func announceReset(to start: LogEnd, state: DerivedState) throws(LogError) -> ResetIntent {
    try checkUsable()
    let intent = ResetIntent(incarnation: incarnation, start: start, state: state)
    do throws(LogError) {
      try intent.create(in: directory)
    } catch {
      // With a note that may or may not be durable, nothing may be appended to what it replaces.
      if case .syncFailed = error { failure = error } else if directory.has(ResetIntent.name) { failure = error }
      throw error
    }
    return intent
  }

  /// Replaces the log by an empty one. After a crash in the middle the next opening does it again.
  mutating func perform(_ reset: ResetIntent) throws(LogError) {
    for segment in segments {
      segment.retire()
      cache.forget(segment)
    }
    let files = try reset.perform(in: directory, configuration)
    segments = [
      Segment(active: files, in: directory, readableEnd: files.store.firstPosition, rebuilds: cache.rebuilds)
    ]
    sealedSinceFlush = []
    start(files)
    derived = reset.state
    accepted = reset.start
    showFlushed()
  }
}
