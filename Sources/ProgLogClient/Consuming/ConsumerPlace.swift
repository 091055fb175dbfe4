import ProgLogAPI

/// Where a consumer stands: which record is next, and where it ends. A value.
struct ConsumerPlace: Sendable, Hashable {
  /// The offset of the next record.
  private(set) var next: UInt64
  /// Behind the last record.
  let end: UInt64

  init(_ bounds: Range<UInt64>) {
    self.next = bounds.lowerBound
    self.end = bounds.upperBound
  }

  var isAtEnd: Bool { self.next == self.end }

  /// What to ask for.
  ///
  /// - Parameter maximumBytes: of one message.
  func request(maximumBytes: Int) -> Log_V1_ConsumeRequest {
    var request = Log_V1_ConsumeRequest()
    request.offset = self.next
    request.maxBytes = UInt32(clamping: max(1, maximumBytes))
    request.maxRecords = UInt32(clamping: self.end - self.next)
    return request
  }

  /// Takes in a message, whose records are to be the next ones. A server that knows of no limits sends a record at a time.
  ///
  /// - Returns: its records up to the end, and the bytes that they take.
  /// - Throws: ``ProgLogError/protocolViolation(_:)``.
  mutating func take(_ message: Log_V1_ConsumeResponse) throws(ProgLogError) -> (records: [Record], bytes: Int) {
    var taken: [Record] = []
    var bytes = 0
    for record in message.hasRecord ? [message.record] : message.records where !self.isAtEnd {
      guard record.offset == self.next else {
        throw .protocolViolation("it sent offset \(record.offset) where \(self.next) was due")
      }
      taken.append(Record(record))
      bytes += record.value.count + MemoryLayout<Record>.size
      self.next += 1
    }
    return (taken, bytes)
  }

  /// The first offset, and the one to stop at; `nil` when there is nothing to read.
  ///
  /// - Parameters:
  ///   - first: where to begin.
  ///   - log: what the log has; `nil` to follow it without end.
  ///   - limit: of records.
  /// - Throws: ``ProgLogError/outOfRange(requested:range:)``.
  static func bounds(
    from first: UInt64, in log: Range<UInt64>?, limit: UInt64?
  ) throws(ProgLogError) -> Range<UInt64>? {
    var end = UInt64.max
    if let log {
      end = log.upperBound
      guard first <= end, first >= log.lowerBound else { throw .outOfRange(requested: first, range: log) }
    }
    if let limit {
      let (sum, overflows) = first.addingReportingOverflow(limit)
      end = overflows ? end : min(end, sum)
    }
    return first < end ? first..<end : nil
  }
}
