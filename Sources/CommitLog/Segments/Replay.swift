/// Goes through the batches of a segment from its checkpoint on, and keeps everything that follows from them.
struct Replay {
  private var cursor: StoreCursor
  private(set) var derived: DerivedState
  private(set) var indexBuilder: IndexBuilder
  private(set) var entries: [IndexEntry] = []
  /// After the last batch.
  private(set) var end: LogEnd
  private(set) var position: FilePosition

  /// Where the cursor stands: after the last batch, and after a mark behind it once ``next()`` has looked there.
  var scanned: FilePosition { cursor.position }
  var markedEnd: FilePosition? { cursor.markedEnd }

  init(of store: Store, to limit: FilePosition) throws(LogError) {
    self.init(of: store, from: try store.checkpoint(), to: limit)
  }

  /// - Parameter state: as of the segment's start.
  init(of store: Store, from state: DerivedState, to limit: FilePosition) {
    derived = state
    cursor = store.scan(to: limit)
    indexBuilder = IndexBuilder(base: store.header.base)
    end = store.header.base
    position = store.firstPosition
  }

  mutating func next() throws(LogError) -> StoreCursor.Step {
    let step = try cursor.next()
    if case .batch(let batch, let start) = step {
      derived.apply(batch)
      if let entry = indexBuilder.entry(for: batch, at: start) { entries.append(entry) }
      end = end.after(batch)
      position = cursor.position
    }
    return step
  }
}
