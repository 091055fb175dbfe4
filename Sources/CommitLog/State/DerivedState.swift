package import NIOCore

/// What follows from the batches of a log up to one place, and is needed without reading all of them.
///
/// Each segment begins with this state as it was there: opening a log reads the last segment only, a log that was cut from the
/// front still knows it, and a cut from the back goes back to it.
package struct DerivedState: Hashable, Sendable {
  /// The last batch of kind `configuration`.
  package struct Configuration: Hashable, Sendable {
    package var index: LogIndex
    package var payload: ByteBuffer
  }

  package private(set) var configuration: Configuration?
  package private(set) var producers = ProducerTable()
  /// The latest append time of any batch. Clocks may go back, this does not.
  package private(set) var maximumAppendTime = Timestamp(microseconds: .min)

  init() {}

  mutating func apply(_ batch: RecordBatch) {
    maximumAppendTime = max(maximumAppendTime, batch.appendTime)
    producers.apply(batch)
    if batch.kind == .configuration {
      // A copy: a slice would keep all the bytes alive that were read with it.
      configuration = Configuration(index: batch.index, payload: ByteBuffer(bytes: batch.payload.readableBytesView))
    }
  }

  // MARK: Encoding

  /// 1 MiB: a configuration names nine members at most.
  package static let maximumConfigurationBytes = 1 << 20
  static let maximumEncodedBytes = 8 + 4 + maximumConfigurationBytes + ProducerTable.maximumEncodedBytes

  /// Without the append time, which stands in the segment's header.
  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(configuration?.index.rawValue ?? 0, endianness: .little)
    buffer.writeInteger(UInt32(configuration?.payload.readableBytes ?? 0), endianness: .little)
    if let payload = configuration?.payload { buffer.writeImmutableBuffer(payload) }
    producers.encode(into: &buffer)
    return buffer
  }

  /// nil when the bytes are no state.
  init?(decoding source: ByteBuffer, maximumAppendTime: Timestamp) {
    var buffer = source
    guard
      let (index, length) = buffer.readMultipleIntegers(endianness: .little, as: (UInt64, UInt32).self),
      length <= Self.maximumConfigurationBytes, index > 0 || length == 0,
      let payload = buffer.readSlice(length: Int(length)),
      let producers = ProducerTable(from: &buffer), buffer.readableBytes == 0
    else { return nil }
    self.maximumAppendTime = maximumAppendTime
    self.producers = producers
    if index > 0 {
      configuration = Configuration(index: LogIndex(index), payload: ByteBuffer(bytes: payload.readableBytesView))
    }
  }
}
