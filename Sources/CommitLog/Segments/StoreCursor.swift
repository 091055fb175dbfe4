import NIOCore

/// Walks through a store, batch by batch, reading it in windows. What it hands out shares the window's bytes.
struct StoreCursor {
  enum Step {
    case batch(RecordBatch, at: FilePosition)
    case end
    /// The bytes here are no batch that belongs here. The cursor stays where it is.
    case invalid(String)
  }

  /// A window for finding a place: a little more than the store between two index entries.
  static let searchWindow = 8 << 10
  /// A window for going through a whole store.
  static let scanWindow = 1 << 20

  private let file: any File
  private let seed: UInt32
  private let limit: UInt64
  var windowBytes: Int
  private var window = ByteBuffer()
  private var windowStart: UInt64 = 0

  /// Next bytes to look at.
  private(set) var position: FilePosition
  /// What a batch here must have. nil in the beginning: the first batch is taken as it comes.
  private(set) var expected: LogEnd?
  /// Position after the last mark seen.
  private(set) var markedEnd: FilePosition?

  init(_ store: Store, from position: FilePosition, to limit: FilePosition, expecting: LogEnd?, windowBytes: Int) {
    file = store.file
    seed = store.header.incarnation.checksumSeed
    self.limit = limit.rawValue
    self.windowBytes = windowBytes
    self.position = position
    expected = expecting
  }

  mutating func next() throws(LogError) -> Step {
    while position.rawValue < limit {
      let head = try read(BatchLayout.headerBytes)
      if SyncMark(head, at: position, seed: seed) != nil {
        position = position.advanced(by: SyncMark.bytes)
        markedEnd = position
        continue
      }
      let length: Int
      do throws(BatchError) { length = try RecordBatch.encodedLength(in: head) } catch {
        return .invalid(error.description)
      }
      var bytes = try read(length)
      do throws(BatchError) { return accept(try RecordBatch(decoding: &bytes)) } catch {
        return .invalid(error.description)
      }
    }
    return .end
  }

  /// Up to `count` bytes from the cursor's position; fewer only when the limit comes first.
  private mutating func read(_ count: Int) throws(LogError) -> ByteBuffer {
    let available = Int(limit - position.rawValue)
    let wanted = min(count, available)
    let held = Int(windowStart) + window.readableBytes - Int(position.rawValue)
    if position.rawValue < windowStart || held < wanted {
      window = try file.read(at: position.rawValue, count: min(max(wanted, windowBytes), available))
      windowStart = position.rawValue
    }
    let start = window.readerIndex + Int(position.rawValue - windowStart)
    return window.getSlice(at: start, length: min(wanted, window.writerIndex - start)) ?? ByteBuffer()
  }

  private mutating func accept(_ batch: RecordBatch) -> Step {
    if let expected, !expected.isContinued(by: batch) {
      return .invalid(
        LogError.notContiguous(
          expected: expected, index: batch.index, baseOffset: batch.baseOffset, term: batch.term
        ).description)
    }
    let start = position
    expected = (expected ?? LogEnd(nextIndex: batch.index, nextOffset: batch.baseOffset, lastTerm: batch.term))
      .after(batch)
    position = position.advanced(by: batch.byteCount)
    return .batch(batch, at: start)
  }
}
