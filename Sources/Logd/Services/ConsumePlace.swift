import CommitLog
import NIOCore

/// Where a consumer stands in what was read for it, and what makes its answers of that, in the order of the log.
///
/// A value type without I/O: `need` says what it lacks for the next answer.
struct ConsumePlace {
  enum Need {
    /// Batches from `next` on.
    case batches
    /// The records of the batch.
    case decompression(of: RecordBatch)
    /// An answer can be written.
    case nothing
  }

  let shape: ConsumeShape
  /// The offset of the next record to be sent.
  private(set) var next: Offset
  /// Read and not sent yet. The first one may be sent in part.
  private var batches: ArraySlice<RecordBatch> = []
  private var opened: OpenedBatch?

  /// The first of the batches, with its records at hand.
  private struct OpenedBatch {
    var records: Records.Iterator
    var upcoming: CommitLog.Record?
    var term: Term

    init(_ records: Records, of batch: RecordBatch, from offset: Offset) {
      self.records = records.makeIterator(from: offset)
      upcoming = self.records.next()
      term = batch.term
    }

    /// Whether there is another record.
    mutating func advance() -> Bool {
      upcoming = records.next()
      return upcoming != nil
    }
  }

  init(shape: ConsumeShape, from offset: Offset) {
    self.shape = shape
    next = offset
  }

  /// Takes what was read from `next` on.
  mutating func add(_ read: [RecordBatch]) {
    batches += read.filter { $0.kind == .records && $0.nextOffset > next }
    // Asking for it again and again would hold up the event loop for ever.
    precondition(!batches.isEmpty, "a read at offset \(next) gave \(read.count) batches, and none of them holds it")
  }

  /// What must be added before an answer can be written. Throws when the records at `next` cannot be read.
  mutating func prepare() throws(BatchError) -> Need {
    guard let first = batches.first else { return .batches }
    if case .batches = shape { return .nothing }
    if opened == nil {
      guard first.codec == .none else { return .decompression(of: first) }
      opened = OpenedBatch(try first.records, of: first, from: next)
    }
    return .nothing
  }

  /// The records that were asked for.
  mutating func addDecompressed(_ records: Records) {
    guard let first = batches.first else { preconditionFailure("records of a batch came, and no batch waits for them") }
    opened = OpenedBatch(records, of: first, from: next)
  }

  /// About how many bytes the next answer has.
  var answerCapacity: Int {
    switch shape {
    case .record: LogMessages.maximumOverheadBytes + (opened?.upcoming?.value.readableBytes ?? 0)
    // A record takes more room in an answer than in a batch, and a batch of small ones grows by about half.
    case .records(let limits): LogMessages.maximumOverheadBytes + min(limits.bytes, heldBytes + heldBytes / 2)
    case .batches(let limits): LogMessages.maximumOverheadBytes + min(limits.bytes, heldBytes)
    }
  }

  private var heldBytes: Int { batches.reduce(0) { $0 + $1.byteCount } }

  /// Writes an answer without the log's offsets: as much as the limits allow of what is at hand, one record or batch at least.
  /// Only when nothing is needed.
  mutating func writeAnswer(to buffer: inout ByteBuffer) {
    switch shape {
    case .record: writeRecords(.record, maximumRecords: 1, maximumBytes: .max, to: &buffer)
    case .records(let limits):
      writeRecords(.records, maximumRecords: limits.records, maximumBytes: limits.bytes, to: &buffer)
    case .batches(let limits): writeBatches(limits, to: &buffer)
    }
  }

  private mutating func writeRecords(
    _ field: LogMessages.RecordField, maximumRecords: Int, maximumBytes: Int, to buffer: inout ByteBuffer
  ) {
    let start = buffer.writerIndex
    var count = 0
    while count < maximumRecords, isAtRecord(), let record = opened?.upcoming, let term = opened?.term {
      let length = LogMessages.recordFieldLength(
        valueBytes: record.value.readableBytes, offset: record.offset, term: term)
      if count > 0, buffer.writerIndex - start + length > maximumBytes { return }
      LogMessages.writeRecord(field, value: record.value, offset: record.offset, term: term, to: &buffer)
      next = record.offset.advanced(by: 1)
      count += 1
      if opened?.advance() == false {
        opened = nil
        batches.removeFirst()
      }
    }
  }

  /// Goes on to the next batch, unless that needs something first.
  private mutating func isAtRecord() -> Bool {
    if case .nothing = try? prepare() { true } else { false }
  }

  private mutating func writeBatches(_ limits: ConsumeLimits, to buffer: inout ByteBuffer) {
    let start = buffer.writerIndex
    var records: UInt64 = 0
    while let batch = batches.first {
      let length = batch.byteCount + LogMessages.maximumBatchOverheadBytes
      // Of the first one, only what comes from `next` on.
      let added = batch.nextOffset.rawValue - max(batch.baseOffset, next).rawValue
      if records > 0 {
        guard records + added <= UInt64(limits.records), buffer.writerIndex - start + length <= limits.bytes else {
          return
        }
      }
      LogMessages.writeBatch(batch, to: &buffer)
      records += added
      next = batch.nextOffset
      batches.removeFirst()
    }
  }
}
