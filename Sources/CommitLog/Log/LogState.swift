/// What the one writer of a log works on. All of its calls do I/O; readers see none of it but what ``Log`` publishes.
struct LogState {
  let directory: Directory
  let configuration: Log.Configuration
  let incarnation: LogIncarnation

  let cache: SegmentCache

  /// In order, without gaps; the last one takes the appends.
  var segments: [Segment]
  /// The files of the last one.
  var active: OpenSegment
  /// Where the last store goes on.
  var end: FilePosition
  /// Everything before `end` is synced and no mark says so yet: the next write begins with one.
  var owesMark: Bool
  /// Up to here the last store has blocks.
  var allocated: FilePosition {
    didSet { written = min(written, allocated) }
  }
  /// Up to here those blocks have been written to since the log was opened, if only with zeros.
  private(set) var written = FilePosition(0)
  var indexBuilder: IndexBuilder
  /// As of `accepted`.
  var derived: DerivedState
  var accepted: LogEnd
  var flushed: LogEnd
  /// Sealed since the last flush: synced, but not yet shown to readers. With the end of their batches.
  var sealedSinceFlush: [(segment: Segment, end: FilePosition)] = []
  /// Why nothing more is done.
  var failure: LogError?
  var lock: DirectoryLock?

  /// A write has reached this far.
  mutating func wrote(to position: FilePosition) {
    written = max(written, position)
  }

  var lastSegment: Segment {
    guard let last = segments.last else { preconditionFailure("a log has no segment: \(directory.path)") }
    return last
  }

  func checkUsable() throws(LogError) {
    if let failure { throw failure }
  }

  /// Runs a change that leaves files and this value at odds when it fails half-way; then nothing more is done.
  mutating func failing<Result>(
    _ change: (inout LogState) throws(LogError) -> Result
  ) throws(LogError) -> Result {
    do throws(LogError) {
      return try change(&self)
    } catch {
      failure = error
      throw error
    }
  }
}
