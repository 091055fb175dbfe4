import Synchronization

/// Bounds how many sealed segments of a log have their files open: those used last.
final class SegmentCache: Sendable {
  /// Two descriptors and a mapping each. Consumers read at a few places at a time; more are opened again in microseconds.
  static let limit = 64

  /// The one used last is last.
  private let segments = Mutex<[Segment]>([])
  /// Segments hold this and not the cache, which holds them.
  let rebuilds = IndexRebuilds()

  func used(_ segment: Segment) {
    let evicted: Segment? = segments.withLock { segments in
      if let place = segments.lastIndex(where: { $0 === segment }) {
        segments.remove(at: place)
        segments.append(segment)
        return nil
      }
      segments.append(segment)
      return segments.count > Self.limit ? segments.removeFirst() : nil
    }
    // Outside the lock: closing takes the segment's own.
    evicted?.close()
  }

  func forget(_ segment: Segment) {
    segments.withLock { $0.removeAll { $0 === segment } }
  }
}
