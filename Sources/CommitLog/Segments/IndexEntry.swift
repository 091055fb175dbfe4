import NIOCore

/// Where one batch of a segment is. Offset and index are relative to the segment's base; each entry has its own checksum, so
/// that a page of an index that never reached the disk is noticed.
struct IndexEntry: Hashable, Sendable {
  var relativeOffset: UInt32
  var relativeIndex: UInt32
  var position: UInt32
  /// The latest append time in the segment up to and including this batch.
  var maximumAppendTime: Timestamp

  static let bytes = 24

  private var checksum: UInt32 {
    var words = (
      relativeOffset.littleEndian, relativeIndex.littleEndian, position.littleEndian, UInt32(0),
      maximumAppendTime.microseconds.littleEndian
    )
    return withUnsafeBytes(of: &words) { CRC32C.checksum($0) }
  }

  func store(to pointer: UnsafeMutableRawPointer) {
    pointer.storeBytes(of: relativeOffset.littleEndian, as: UInt32.self)
    pointer.storeBytes(of: relativeIndex.littleEndian, toByteOffset: 4, as: UInt32.self)
    pointer.storeBytes(of: position.littleEndian, toByteOffset: 8, as: UInt32.self)
    pointer.storeBytes(of: checksum.littleEndian, toByteOffset: 12, as: UInt32.self)
    pointer.storeBytes(of: maximumAppendTime.microseconds.littleEndian, toByteOffset: 16, as: Int64.self)
  }

  /// nil when the checksum does not match.
  init?(loadingFrom pointer: UnsafeRawPointer) {
    self.init(
      relativeOffset: UInt32(littleEndian: pointer.loadUnaligned(as: UInt32.self)),
      relativeIndex: UInt32(littleEndian: pointer.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
      position: UInt32(littleEndian: pointer.loadUnaligned(fromByteOffset: 8, as: UInt32.self)),
      maximumAppendTime: Timestamp(
        microseconds: Int64(littleEndian: pointer.loadUnaligned(fromByteOffset: 16, as: Int64.self))))
    let stored = UInt32(littleEndian: pointer.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
    #if DEBUG
    if IndexTrust.isBlind { return }
    #endif
    guard stored == checksum else { return nil }
  }

  init(relativeOffset: UInt32, relativeIndex: UInt32, position: UInt32, maximumAppendTime: Timestamp) {
    self.relativeOffset = relativeOffset
    self.relativeIndex = relativeIndex
    self.position = position
    self.maximumAppendTime = maximumAppendTime
  }
}

/// What a place in the log is looked up by.
enum LogKey: Sendable {
  case offset(Offset)
  case index(LogIndex)
  /// The first batch that was appended then or later.
  case time(Timestamp)

  /// Whether a segment that the key reaches holds it for sure, unless the next one is reached too.
  var isInOneSegment: Bool {
    switch self {
    case .offset, .index: true
    case .time: false
    }
  }

  /// Whether the place is not before the entry's batch. It is not before the segment.
  func isReached(by entry: IndexEntry, base: LogEnd) -> Bool {
    switch self {
    case .offset(let offset): offset.rawValue - base.nextOffset.rawValue >= UInt64(entry.relativeOffset)
    case .index(let index): index.rawValue - base.nextIndex.rawValue >= UInt64(entry.relativeIndex)
    case .time(let time): entry.maximumAppendTime < time
    }
  }

  /// Whether the place is not before the segment.
  func isReached(by header: StoreHeader) -> Bool {
    switch self {
    case .offset(let offset): header.base.nextOffset <= offset
    case .index(let index): header.base.nextIndex <= index
    case .time(let time): header.maximumAppendTime < time
    }
  }

  func isHeld(by batch: RecordBatch) -> Bool {
    switch self {
    case .offset(let offset): batch.baseOffset <= offset && offset < batch.nextOffset
    case .index(let index): batch.index == index
    case .time(let time): batch.appendTime >= time
    }
  }
}
