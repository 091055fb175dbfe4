extension LogState {
  /// Notes on the disk that the log is to be replaced.
  mutating func announceReset(to start: LogEnd, state: DerivedState) throws(LogError) -> ResetIntent {
    try checkUsable()
    let intent = ResetIntent(incarnation: incarnation, start: start, state: state)
    try announce(intent)
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
