import CommitLog
package import NIOCore

/// Messages between peers as bytes: frames, one after the other. All integers are little-endian; see docs/formats.md.
///
///     u32 length of what follows · u32 CRC32C of the head · u8 type · head · batches as they are on disk
///
/// The checksum covers what no batch's own checksums do: a flipped bit is never a vote. Batches are checked as they are decoded.
package struct MessageCodec: Sendable {
  /// What a frame has at most, in bytes after its length. A longer one ends the connection before anything is allocated.
  package var maximumFrameBytes: Int

  package init(maximumFrameBytes: Int) {
    self.maximumFrameBytes = maximumFrameBytes
  }

  /// Why bytes are no frame. The connection that they came by cannot go on.
  package struct DecodingError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
      self.description = description
    }
  }

  enum Kind: UInt8 {
    case voteRequest = 1
    case voteResponse, appendRequest, appended, rejected, staleTerm, heartbeat, heartbeatResponse
    case snapshot, timeoutNow, readIndexRequest, readIndexResponse
  }

  static let lengthBytes = 4
  static let checksumBytes = 4

  // MARK: Encoding

  /// The frame's buffers, the first with everything but batches, which are not copied.
  package func encode(_ message: Message) -> [ByteBuffer] {
    var head = ByteBufferAllocator().buffer(capacity: Self.headCapacity)
    Self.writeHead(of: message, to: &head)
    return [head] + message.batches.map(\.buffer)
  }

  /// Appends the whole frame to `buffer`, batches copied: for what is small.
  package func encode(_ message: Message, into buffer: inout ByteBuffer) {
    Self.writeHead(of: message, to: &buffer)
    for batch in message.batches { buffer.writeImmutableBuffer(batch.buffer) }
  }

  /// Room for the head of any message but a snapshot, in bytes.
  private static let headCapacity = 64

  private static func writeHead(of message: Message, to buffer: inout ByteBuffer) {
    let start = buffer.writerIndex
    let headStart = start + lengthBytes + checksumBytes
    buffer.writeRepeatingByte(0, count: lengthBytes + checksumBytes)
    write(message, to: &buffer)
    guard let head = buffer.viewBytes(at: headStart, length: buffer.writerIndex - headStart) else {
      preconditionFailure("a head from \(headStart) to \(buffer.writerIndex) is not in its buffer")
    }
    buffer.setInteger(checksum(of: head), at: start + lengthBytes, endianness: .little)
    let length = buffer.writerIndex - start - lengthBytes + message.batches.reduce(0) { $0 + $1.byteCount }
    buffer.setInteger(UInt32(length), at: start, endianness: .little)
  }

  static func checksum(of bytes: ByteBufferView) -> UInt32 {
    bytes.withUnsafeBytes { CRC32C.checksum($0) }
  }

  private static func write(_ message: Message, to head: inout ByteBuffer) {
    switch message {
    case .voteRequest(let request):
      head.write(Kind.voteRequest.rawValue, request.term)
      head.write(request.last)
      head.writeInteger(UInt8(request.isPreVote ? 1 : 0) | (request.isTransfer ? 2 : 0))
    case .voteResponse(let response):
      head.write(Kind.voteResponse.rawValue, response.term)
      head.writeInteger(UInt8(response.isPreVote ? 1 : 0) | (response.isGranted ? 2 : 0))
    case .appendRequest(let request):
      head.write(Kind.appendRequest.rawValue, request.term)
      head.write(request.previous)
      head.writeInteger(request.commitIndex.rawValue, endianness: .little)
      head.writeInteger(UInt32(request.batches.count), endianness: .little)
    case .appendResponse(let response): write(response, to: &head)
    case .heartbeat(let heartbeat):
      head.write(Kind.heartbeat.rawValue, heartbeat.term)
      head.writeMultipleIntegers(heartbeat.commitIndex.rawValue, heartbeat.round, endianness: .little)
    case .heartbeatResponse(let response):
      head.write(Kind.heartbeatResponse.rawValue, response.term)
      head.writeInteger(response.round, endianness: .little)
    case .snapshot(let install):
      head.write(Kind.snapshot.rawValue, install.term)
      write(install.snapshot, to: &head)
    case .timeoutNow(let timeout): head.write(Kind.timeoutNow.rawValue, timeout.term)
    case .readIndexRequest(let request):
      head.write(Kind.readIndexRequest.rawValue, request.term)
      head.writeInteger(request.id, endianness: .little)
    case .readIndexResponse(let response):
      head.write(Kind.readIndexResponse.rawValue, response.term)
      head.writeMultipleIntegers(
        response.id, UInt8(response.index == nil ? 0 : 1), response.index?.rawValue ?? 0, endianness: .little)
    }
  }

  private static func write(_ response: AppendResponse, to head: inout ByteBuffer) {
    switch response.result {
    case .accepted(let matched, let flushed):
      head.write(Kind.appended.rawValue, response.term)
      head.writeMultipleIntegers(matched.rawValue, flushed.index.rawValue, endianness: .little)
    case .rejected(let previous, let hint):
      head.write(Kind.rejected.rawValue, response.term)
      head.writeInteger(previous.rawValue, endianness: .little)
      head.write(hint)
    case .staleTerm: head.write(Kind.staleTerm.rawValue, response.term)
    }
  }

  private static func write(_ snapshot: Snapshot, to head: inout ByteBuffer) {
    head.writeMultipleIntegers(
      snapshot.start.nextIndex.rawValue, snapshot.start.nextOffset.rawValue, snapshot.start.lastTerm.rawValue,
      snapshot.configuration.index.rawValue, endianness: .little)
    for part in [snapshot.configuration.configuration.encoded(), snapshot.state] {
      head.writeInteger(UInt32(part.readableBytes), endianness: .little)
      head.writeImmutableBuffer(part)
    }
  }
}

extension Message {
  fileprivate var batches: [RecordBatch] {
    if case .appendRequest(let request) = self { request.batches } else { [] }
  }
}

extension ByteBuffer {
  fileprivate mutating func write(_ kind: UInt8, _ term: Term) {
    writeMultipleIntegers(kind, term.rawValue, endianness: .little)
  }

  fileprivate mutating func write(_ entry: EntryID) {
    writeMultipleIntegers(entry.index.rawValue, entry.term.rawValue, endianness: .little)
  }
}
