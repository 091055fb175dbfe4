package import NIOCore

/// The last batches of each idempotent producer, by which a retry is told from a new batch.
///
/// Part of ``DerivedState``: it follows from the batches of the log alone, so every replica has the same.
package struct ProducerTable: Hashable, Sendable {
  /// A batch that is in the log.
  package struct Entry: Hashable, Sendable {
    package var sequence: UInt64
    package var count: UInt32
    package var baseOffset: Offset
  }

  package struct State: Hashable, Sendable {
    package var epoch: UInt16
    /// The newest last, ``ProducerTable/batchesKept`` at most.
    package var batches: [Entry]
    /// Index of the newest, by which the producer longest silent is found.
    fileprivate var lastIndex: LogIndex
  }

  /// As many batches as a producer may have in flight and still be told the offset of each when it retries them all.
  /// Kafka keeps five.
  package static let batchesKept = 5
  /// Producers remembered, about half a megabyte encoded. The one longest silent is forgotten for a new one.
  package static let maximumProducers = 4096

  package private(set) var producers: [UInt64: State] = [:]

  package mutating func apply(_ batch: RecordBatch) {
    let producer = batch.producer
    guard producer.id != 0, batch.kind == .records else { return }
    let entry = Entry(sequence: producer.sequence, count: batch.count, baseOffset: batch.baseOffset)
    if var state = producers[producer.id], state.epoch == producer.epoch {
      if state.batches.count == Self.batchesKept { state.batches.removeFirst() }
      state.batches.append(entry)
      state.lastIndex = batch.index
      producers[producer.id] = state
      return
    }
    if producers[producer.id] == nil, producers.count == Self.maximumProducers { forgetOldest() }
    producers[producer.id] = State(epoch: producer.epoch, batches: [entry], lastIndex: batch.index)
  }

  private mutating func forgetOldest() {
    guard let oldest = producers.min(by: { $0.value.lastIndex < $1.value.lastIndex }) else { return }
    producers[oldest.key] = nil
  }

  // MARK: Encoding

  private static let stateBytes = 8 + 8 + 2 + 1
  private static let entryBytes = 8 + 4 + 8
  static let maximumEncodedBytes = 4 + maximumProducers * (stateBytes + batchesKept * entryBytes)

  package func encode(into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt32(producers.count), endianness: .little)
    // In order, so that equal tables have equal bytes.
    for (id, state) in producers.sorted(by: { $0.key < $1.key }) {
      buffer.writeMultipleIntegers(
        id, state.lastIndex.rawValue, state.epoch, UInt8(state.batches.count), endianness: .little)
      for entry in state.batches {
        buffer.writeMultipleIntegers(entry.sequence, entry.count, entry.baseOffset.rawValue, endianness: .little)
      }
    }
  }

  /// nil when the bytes are no table.
  package init?(from buffer: inout ByteBuffer) {
    guard let number = buffer.readInteger(endianness: .little, as: UInt32.self), number <= Self.maximumProducers
    else { return nil }
    for _ in 0..<number {
      guard
        let (id, lastIndex, epoch, count) = buffer.readMultipleIntegers(
          endianness: .little, as: (UInt64, UInt64, UInt16, UInt8).self),
        id != 0, producers[id] == nil, count >= 1, count <= Self.batchesKept
      else { return nil }
      var state = State(epoch: epoch, batches: [], lastIndex: LogIndex(lastIndex))
      for _ in 0..<count {
        guard
          let (sequence, records, offset) = buffer.readMultipleIntegers(
            endianness: .little, as: (UInt64, UInt32, UInt64).self)
        else { return nil }
        state.batches.append(Entry(sequence: sequence, count: records, baseOffset: Offset(offset)))
      }
      producers[id] = state
    }
  }

  package init() {}
}
