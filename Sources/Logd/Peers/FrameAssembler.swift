import NIOCore

/// Puts frames together from what reads bring. All frames of a connection begin with their length, a u32, which is not
/// counted.
///
/// A frame that one read brought whole shares its bytes. Of any other the bytes are copied, once, into a buffer of its
/// size, so that the reads can go into the same buffer again and again.
struct FrameAssembler {
  /// A frame's length that is not allowed.
  struct LengthError: Error, Hashable, CustomStringConvertible {
    var length: UInt32
    var maximum: Int

    var description: String { "a frame of \(length) bytes; up to \(maximum) are taken" }
  }

  /// In bytes after the length.
  var maximumFrameBytes: Int
  /// What was read and not yet taken.
  private var source = ByteBuffer()
  /// The beginning of a frame.
  private var partial = ByteBuffer()

  private static let lengthBytes = 4
  /// Room that is made for a frame of which only the beginning is here, in bytes: the largest of ordinary size. A
  /// larger one grows as it comes.
  private static let maximumReserve = 2 << 20

  init(maximumFrameBytes: Int) {
    self.maximumFrameBytes = maximumFrameBytes
  }

  /// Bytes that are held for a frame that is not whole.
  var partialBytes: Int { partial.readableBytes }
  /// Room that is made for it.
  var partialCapacity: Int { partial.capacity }

  /// - Precondition: ``next()`` has returned nil since the last one.
  mutating func append(_ bytes: ByteBuffer) {
    precondition(source.readableBytes == 0, "\(source.readableBytes) bytes were not looked at")
    source = bytes
  }

  /// The next whole frame, with its length.
  mutating func next() throws(LengthError) -> ByteBuffer? {
    if partial.readableBytes == 0 {
      if let length = try frameLength(in: source), let frame = source.readSlice(length: length) { return frame }
    } else {
      fill(to: Self.lengthBytes)
      if let length = try frameLength(in: partial) {
        fill(to: length)
        if partial.readableBytes == length {
          defer { partial = ByteBuffer() }
          return partial
        }
      }
    }
    try keepRest()
    return nil
  }

  /// Nothing of the read is kept, or the next read could not use its buffer.
  private mutating func keepRest() throws(LengthError) {
    if let length = try frameLength(in: source) { fill(to: length) } else { fill(to: Self.lengthBytes) }
    source = ByteBuffer()
  }

  /// Moves bytes until `count` are there, or all that was read.
  private mutating func fill(to count: Int) {
    let missing = min(count - partial.readableBytes, source.readableBytes)
    guard missing > 0, let bytes = source.readSlice(length: missing) else { return }
    let room = max(partial.readableBytes + missing, min(count, Self.maximumReserve))
    partial.reserveCapacity(room)
    partial.writeImmutableBuffer(bytes)
  }

  /// With the length itself; nil when that is not there yet.
  private func frameLength(in buffer: ByteBuffer) throws(LengthError) -> Int? {
    guard let length = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt32.self) else {
      return nil
    }
    guard length <= maximumFrameBytes else { throw LengthError(length: length, maximum: maximumFrameBytes) }
    return Self.lengthBytes + Int(length)
  }
}
