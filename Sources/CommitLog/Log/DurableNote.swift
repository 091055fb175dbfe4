import NIOCore

/// A file that stands while a change of several files is under way, so that an opening after a crash finishes it.
protocol DurableNote {
  static var name: String { get }
  static var maximumBytes: Int { get }
  /// What is under way, for errors.
  static var change: String { get }

  var incarnation: LogIncarnation { get }

  func encoded() -> ByteBuffer
  static func decode(_ source: ByteBuffer) -> Result<Self, DecodingFailure>
}

extension DurableNote {
  /// The note in a directory, or nil. A crash leaves it whole or not at all, for it gets its name when it is synced: one that
  /// cannot be read is damage, and what it said cannot be told from the rest of the log.
  static func readNote(in directory: Directory, incarnation: LogIncarnation) throws(LogError) -> Self? {
    guard directory.has(name) else { return nil }
    let file = try directory.open(name, .reading)
    // One byte more, to see that the file is longer.
    switch decode(try file.read(at: 0, count: maximumBytes + 1)) {
    case .failure(let failure):
      throw .damaged(
        file: file.path, position: FilePosition(0), what: "the note of an unfinished \(change) " + failure.what)
    case .success(let note):
      guard note.incarnation == incarnation else {
        throw .damaged(
          file: file.path, position: FilePosition(8),
          what: "it belongs to another log (\(note.incarnation), this one is \(incarnation))")
      }
      return note
    }
  }

  /// On an error without a note the log is as it was.
  func create(in directory: Directory) throws(LogError) {
    _ = try directory.create(Self.name, content: [encoded()])
  }

  /// The change is durable. A note that came back would undo what is appended from now on, so that its removal is, too.
  static func remove(in directory: Directory) throws(LogError) {
    try directory.remove(name)
    try directory.sync()
  }
}

extension LogState {
  /// Notes on the disk what is about to be done. When that is refused, as by a full disk, the log is as it was and goes on.
  mutating func announce(_ note: some DurableNote) throws(LogError) {
    do throws(LogError) {
      try note.create(in: directory)
    } catch {
      // With a note that may or may not be durable, nothing may be appended to what it changes.
      if case .syncFailed = error { failure = error } else if directory.has(type(of: note).name) { failure = error }
      throw error
    }
  }
}
