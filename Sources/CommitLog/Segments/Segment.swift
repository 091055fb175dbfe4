import Synchronization

/// A stretch of the log that begins at `base`: one store and its index, open while they are used.
///
/// The header is always at hand; the files of a sealed segment are opened when something is read from it, and
/// ``SegmentCache`` bounds how many stay open.
final class Segment: Sendable {
  let header: StoreHeader
  private let directory: Directory
  private let rebuilds: IndexRebuilds
  private let files: Mutex<Files>
  /// Batches before this position are flushed: what readers may see.
  private let readable: Atomic<UInt64>

  private enum Files {
    case closed
    case open(OpenSegment)
    case removed
  }

  /// A segment with a successor: its batches end with its file.
  init(sealed header: StoreHeader, in directory: Directory, bytes: FilePosition, rebuilds: IndexRebuilds) {
    self.header = header
    self.directory = directory
    self.rebuilds = rebuilds
    files = Mutex(.closed)
    readable = Atomic(bytes.rawValue)
  }

  /// The segment that takes the appends.
  init(active: OpenSegment, in directory: Directory, readableEnd: FilePosition, rebuilds: IndexRebuilds) {
    header = active.store.header
    self.directory = directory
    self.rebuilds = rebuilds
    files = Mutex(.open(active))
    readable = Atomic(readableEnd.rawValue)
  }

  var base: LogEnd { header.base }

  var readableEnd: FilePosition {
    get { FilePosition(readable.load(ordering: .acquiring)) }
    set { readable.store(newValue.rawValue, ordering: .releasing) }
  }

  /// The open files; nil when the segment has been removed meanwhile. An index that is missing or contradicts itself is made
  /// anew.
  func open() throws(LogError) -> OpenSegment? {
    try files.withLock { (files) throws(LogError) in
      switch files {
      case .removed: return nil
      case .open(let segment): return segment
      case .closed:
        let store = try Store.open(in: directory, base: base.nextIndex, incarnation: header.incarnation)
        guard store.header == header else {
          throw store.damaged(at: FilePosition(0), "its header is not the one it had when the log was opened")
        }
        let index =
          if let present = try Index.openSealed(in: directory, header: header) { present } else {
            try makeIndex(of: store)
          }
        let segment = OpenSegment(store: store, index: index)
        files = .open(segment)
        return segment
      }
    }
  }

  /// Makes the index of a sealed segment anew, after a reader found that it and the store disagree.
  func rebuildIndex() throws(LogError) {
    try files.withLock { (files) throws(LogError) in
      guard case .open(let segment) = files else { return }
      files = .open(OpenSegment(store: segment.store, index: try makeIndex(of: segment.store)))
    }
  }

  private func makeIndex(of store: Store) throws(LogError) -> Index {
    rebuilds.add()
    return try Index.make(of: store, in: directory)
  }

  /// Puts in other files, when a sealed segment becomes the last one again.
  func replaceFiles(_ segment: OpenSegment) {
    files.withLock { $0 = .open(segment) }
  }

  /// Lets go of the files. Who reads them goes on.
  func close() {
    files.withLock { files in
      if case .open = files { files = .closed }
    }
  }

  /// Nobody opens the files any more: they are about to be removed.
  func retire() {
    files.withLock { $0 = .removed }
  }
}
