package import NIOCore

/// What follows from the batches of a log up to one place, and is needed without reading all of them.
///
/// Each segment begins with this state as it was there: opening a log reads the last segment only, a log that was cut from the
/// front still knows it, and a cut from the back goes back to it.
package struct DerivedState: Hashable, Sendable {
  /// A batch of kind `configuration`.
  package struct Configuration: Hashable, Sendable {
    package var index: LogIndex
    package var payload: ByteBuffer
  }

  /// The last batch of kind `configuration`, and the one before it: an uncommitted one may be cut off again.
  package private(set) var configuration: Configuration?
  package private(set) var previousConfiguration: Configuration?
  /// Where each term begins, of before this place too.
  package private(set) var terms = TermHistory()
  /// Records before this offset are kept by nobody, as the last batch of kind `retention` says.
  package private(set) var retainedFrom = Offset(0)
  package private(set) var producers = ProducerTable()
  /// The latest append time of any batch. Clocks may go back, this does not.
  package private(set) var maximumAppendTime = Timestamp(microseconds: .min)

  package init() {}

  package mutating func apply(_ batch: RecordBatch) {
    maximumAppendTime = max(maximumAppendTime, batch.appendTime)
    terms.append(batch.term, at: batch.index)
    switch batch.kind {
    case .records: producers.apply(batch)
    case .configuration:
      previousConfiguration = configuration
      // A copy: a slice would keep all the bytes alive that were read with it.
      configuration = Configuration(index: batch.index, payload: ByteBuffer(bytes: batch.payload.readableBytesView))
    case .retention: retainedFrom = max(retainedFrom, batch.retainedFrom ?? retainedFrom)
    default: break
    }
  }

  // MARK: Encoding

  /// 1 MiB: a configuration names some dozens of members at most.
  package static let maximumConfigurationBytes = 1 << 20
  static let maximumEncodedBytes =
    2 * (8 + 4 + maximumConfigurationBytes) + 8 + 4 + 16 * TermHistory.maximumRuns + ProducerTable.maximumEncodedBytes

  /// Without the append time, which stands in the segment's header.
  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    for configuration in [configuration, previousConfiguration] {
      buffer.writeInteger(configuration?.index.rawValue ?? 0, endianness: .little)
      buffer.writeInteger(UInt32(configuration?.payload.readableBytes ?? 0), endianness: .little)
      if let payload = configuration?.payload { buffer.writeImmutableBuffer(payload) }
    }
    buffer.writeInteger(retainedFrom.rawValue, endianness: .little)
    buffer.writeInteger(UInt32(terms.runs.count), endianness: .little)
    for run in terms.runs {
      buffer.writeMultipleIntegers(run.term.rawValue, run.start.rawValue, endianness: .little)
    }
    producers.encode(into: &buffer)
    return buffer
  }

  /// With the append time, for a replica whose log starts with this state.
  package func encodedForReplica() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(maximumAppendTime.microseconds, endianness: .little)
    buffer.writeImmutableBuffer(encoded())
    return buffer
  }

  /// What ``encodedForReplica()`` encodes has at most, in bytes.
  package static let maximumReplicaBytes = 8 + maximumEncodedBytes

  /// nil when the bytes are no such state.
  package init?(decodingForReplica source: ByteBuffer) {
    var buffer = source
    guard let time = buffer.readInteger(endianness: .little, as: Int64.self) else { return nil }
    self.init(decoding: buffer, maximumAppendTime: Timestamp(microseconds: time))
  }

  /// nil when the bytes are no state.
  init?(decoding source: ByteBuffer, maximumAppendTime: Timestamp) {
    var buffer = source
    guard let newest = Self.readConfiguration(from: &buffer), let previous = Self.readConfiguration(from: &buffer),
      newest.map({ $0.index > previous?.index ?? LogIndex(0) }) ?? (previous == nil),
      let (retainedFrom, count) = buffer.readMultipleIntegers(endianness: .little, as: (UInt64, UInt32).self),
      count <= TermHistory.maximumRuns
    else { return nil }
    var runs: [TermHistory.Run] = []
    for _ in 0..<count {
      guard let (term, start) = buffer.readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self) else {
        return nil
      }
      runs.append(TermHistory.Run(term: Term(term), start: LogIndex(start)))
    }
    guard let terms = TermHistory(runs: runs), let producers = ProducerTable(from: &buffer), buffer.readableBytes == 0
    else { return nil }
    self.maximumAppendTime = maximumAppendTime
    self.retainedFrom = Offset(retainedFrom)
    self.terms = terms
    self.producers = producers
    configuration = newest
    previousConfiguration = previous
  }

  /// nil when the bytes are none; the inner nil when there is no configuration.
  private static func readConfiguration(from buffer: inout ByteBuffer) -> Configuration?? {
    guard let (index, length) = buffer.readMultipleIntegers(endianness: .little, as: (UInt64, UInt32).self),
      length <= maximumConfigurationBytes, index > 0 || length == 0, let payload = buffer.readSlice(length: Int(length))
    else { return nil }
    guard index > 0 else { return .some(nil) }
    return Configuration(index: LogIndex(index), payload: ByteBuffer(bytes: payload.readableBytesView))
  }
}

extension RecordBatch {
  /// Records before that offset are no longer kept, on any replica.
  package static func retention(from offset: Offset, timestamp: Timestamp) -> RecordBatch {
    var payload = ByteBuffer()
    payload.writeInteger(offset.rawValue, endianness: .little)
    return RecordBatch(kind: .retention, payload: payload, timestamp: timestamp)
  }

  /// What a batch of kind `retention` says; nil for any other.
  package var retainedFrom: Offset? {
    guard kind == .retention, payload.readableBytes == 8 else { return nil }
    var payload = payload
    return payload.readInteger(endianness: .little, as: UInt64.self).map { Offset($0) }
  }
}
